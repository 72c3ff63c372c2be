import Foundation
import Governance
import Synchronization
import Testing

@testable import Outbound

/// Slow name servers do not delay names of other servers.
@Suite(.timeLimit(.minutes(1))) struct NameResolverTests {
    private let office = Sharer(.named(PartyID("office")))

    private static func stranger(_ number: UInt8) -> Sharer {
        Sharer(.anonymous, at: AddressBlock(bytes: [203, 0, 113, number]))
    }

    /// A resolver in which names of `.slow` wait until they are released.
    private final class World: Sendable {
        private let gate = NSCondition()
        private let state = Mutex((isOpen: false, asked: [String]()))

        var asked: [String] { state.withLock { $0.asked } }

        func lookUp(_ host: String) -> String? {
            state.withLock { $0.asked.append(host) }
            guard host.hasSuffix(".slow") else {
                return host.hasSuffix(".example") ? "192.0.2.1" : nil
            }
            gate.lock()
            while !state.withLock({ $0.isOpen }) { gate.wait() }
            gate.unlock()
            return "192.0.2.2"
        }

        func letGo() {
            gate.lock()
            state.withLock { $0.isOpen = true }
            gate.broadcast()
            gate.unlock()
        }

        /// Waits until this many names were looked up.
        func waitForQuestions(_ count: Int) async {
            while asked.count < count { await Task.yield() }
        }
    }

    @Test(arguments: ["192.0.2.7", "2001:db8::1", "127.1", "2130706433"])
    func `a numeric address is not looked up`(host: String) async {
        let resolver = NameResolver { _ in
            Issue.record("'\(host)' was looked up")
            return nil
        }
        #expect(await resolver.address(of: host, for: office) != nil)
    }

    @Test func `found and missing addresses are cached`() async {
        let world = World()
        let resolver = NameResolver { world.lookUp($0) }
        for _ in 0..<3 {
            #expect(await resolver.address(of: "a.example", for: office) == "192.0.2.1")
            #expect(await resolver.address(of: "a.invalid", for: office) == nil)
        }
        #expect(world.asked.sorted() == ["a.example", "a.invalid"])
    }

    @Test(arguments: [
        (Sharer(.operator), NameResolver.maximumThreads / 2),
        (stranger(1), NameResolver.maximumThreads / 4),
    ])
    func `endless lookups of one sharer delay nobody else`(
        greedy: Sharer,
        most: Int
    ) async {
        let world = World()
        let resolver = NameResolver(timeout: .seconds(600)) { world.lookUp($0) }
        let answers = await withTaskGroup(of: String?.self) { [office] group in
            for number in 0..<60 {
                group.addTask { await resolver.address(of: "\(number).slow", for: greedy) }
            }
            await world.waitForQuestions(most)
            for modest in [office, Self.stranger(2)] {
                #expect(await resolver.address(of: "a.example", for: modest) == "192.0.2.1")
            }
            #expect(await resolver.address(of: "192.0.2.9", for: greedy) == "192.0.2.9")
            #expect(world.asked.count == most + 2)
            world.letGo()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers == Array(repeating: "192.0.2.2", count: 60))
    }

    @Test func `nobody waits longer than the timeout, nor again soon`() async {
        let world = World()
        let resolver = NameResolver(timeout: .milliseconds(1)) { world.lookUp($0) }
        for _ in 0..<2 {
            #expect(await resolver.address(of: "a.slow", for: Sharer(.anonymous)) == nil)
        }
        #expect(world.asked.count <= 1)
        world.letGo()
    }

    @Test func `a name is looked up once for all simultaneous requests of a party`() async {
        let world = World()
        let resolver = NameResolver(timeout: .seconds(600)) { world.lookUp($0) }
        await withTaskGroup(of: Void.self) { [office] group in
            for _ in 0..<20 {
                group.addTask {
                    #expect(await resolver.address(of: "a.slow", for: office) == "192.0.2.2")
                }
            }
            await world.waitForQuestions(1)
            world.letGo()
        }
        #expect(world.asked == ["a.slow"])
    }
}
