/// The classes that a rule is about: which these are, the classification of a tenant says.
package struct ClassSelection: Sendable, Hashable {
    /// What one constraint says.
    package enum Test: Sendable, Hashable {
        case words(Set<String>, isNegated: Bool)
        /// Those below a class, and itself where `isOrEqual`; or not those.
        case below(String, isOrEqual: Bool, isNegated: Bool)

        /// The classes for which it does not hold.
        var negated: Test {
            switch self {
            case .words(let words, let isNegated): .words(words, isNegated: !isNegated)
            case .below(let word, let isOrEqual, let isNegated):
                .below(word, isOrEqual: isOrEqual, isNegated: !isNegated)
            }
        }

        /// The words that it names.
        var names: Set<String> {
            switch self {
            case .words(let words, _): words
            case .below(let word, _, _): [word]
            }
        }

        fileprivate func holds(for one: DataClass, in classes: DataClasses) -> Bool {
            switch self {
            case .words(let words, let isNegated): words.contains(one.word) != isNegated
            case .below(let word, let isOrEqual, let isNegated):
                classes[word].map { (one < $0 || isOrEqual && one == $0) != isNegated } ?? false
            }
        }
    }

    /// All of them hold; none is for all classes.
    package private(set) var tests: Set<Test> = []

    package static let all = ClassSelection()

    package init() {}

    package init(_ test: Test) { tests = [test] }

    /// The classes that both select.
    package func intersection(_ other: ClassSelection) -> ClassSelection {
        var both = self
        both.tests.formUnion(other.tests)
        return both
    }

    /// The words that it names.
    package var names: Set<String> { tests.reduce(into: []) { $0.formUnion($1.names) } }

    /// Those of the classes that it selects; nil where it names one that is none of them.
    package func classes(of classes: DataClasses) -> [DataClass]? {
        guard names.allSatisfy({ classes[$0] != nil }) else { return nil }
        return classes.all.filter { one in tests.allSatisfy { $0.holds(for: one, in: classes) } }
    }

    /// Whether it selects nothing, whatever classes a tenant names: that is looked at only where it names
    /// none but those that every tenant has.
    package var isNever: Bool {
        guard !tests.isEmpty, classes(of: DataClasses()) != nil else { return false }
        // A class of the tenant's own may be between any two of them.
        var more = DataClasses()
        for (number, lower) in DataClass.everywhere.dropLast().enumerated() {
            do throws(DataClasses.Refusal) {
                try more.add(" \(number)", above: lower.word, lower.meaning)
            } catch { preconditionFailure("a class with the meaning of the one below is in order") }
        }
        return classes(of: more)?.isEmpty ?? false
    }
}

extension ClassSelection: ExpressibleByArrayLiteral {
    /// These classes.
    package init(arrayLiteral classes: DataClass...) {
        self.init(.words(Set(classes.map(\.word)), isNegated: false))
    }
}
