internal import Synchronization

/// Where whoever decides asks for the policy, each time anew: another may take its place while the hub
/// runs.
///
/// Nobody keeps a policy. What is made of one, and costs too much to be made at each decision, is kept
/// with the `number` of the policy, and made anew once that is another.
package final class PolicySource: Sendable {
    /// A policy and the number that it has in this process.
    package struct Numbered: Sendable {
        package let policy: Policy
        package let number: Int
    }
    private let state: Mutex<Numbered>
    private let newest = Atomic(0)

    package init(_ policy: Policy) { state = Mutex(Numbered(policy: policy, number: 0)) }

    /// The policy in force.
    package var current: Policy { state.withLock(\.policy) }

    /// The policy in force, with its number.
    package var numbered: Numbered { state.withLock { $0 } }

    /// The number of the policy in force: another one after each `replace`.
    ///
    /// Asking for it costs next to nothing.
    package var number: Int { newest.load(ordering: .acquiring) }

    /// Puts another policy into force: whoever asks from now on gets this one.
    package func replace(with new: Policy) {
        state.withLock { state in
            state = Numbered(policy: new, number: state.number + 1)
            newest.store(state.number, ordering: .releasing)
        }
    }

    /// Puts another policy into force, unless the one of the number is not in force any more; returns
    /// whether it did.
    package func replace(_ number: Int, with new: Policy) -> Bool {
        state.withLock { state in
            guard state.number == number else { return false }
            state = Numbered(policy: new, number: number + 1)
            newest.store(state.number, ordering: .releasing)
            return true
        }
    }
}
