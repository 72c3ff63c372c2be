import ContextModel
import Testing

@testable import Governance

/// The classes of data, and those that a tenant names itself.
@Suite struct DataClassTests {
    private func own() throws -> DataClasses {
        var classes = DataClasses()
        try classes.add("confidential", above: "internal", .init(needsPurpose: true))
        try classes.add(
            "staff",
            above: "confidential",
            .init(needsPurpose: true, isAboutPeople: true, choice: .objection)
        )
        try classes.add("open-soon", above: "public", .init())
        try classes.add("draft", above: "internal", .init())
        return classes
    }

    @Test func `classes are in the order in which they need more`() throws {
        let words = try own().all.map(\.word)
        #expect(
            words == [
                "public", "open-soon", "internal", "draft", "confidential", "staff", "personal",
                "sensitive",
            ]
        )
        #expect(try own().own.map(\.word) == ["open-soon", "draft", "confidential", "staff"])
        let all = try own().all
        for (lower, higher) in zip(all, all.dropFirst()) {
            #expect(lower < higher && lower.meaning.isWithin(higher.meaning))
        }
    }

    @Test func `a class that is out of order, or says what cannot be, is refused`() throws {
        var classes = try own()
        let people = DataClass.Meaning(
            needsPurpose: true,
            isAboutPeople: true,
            choice: .objection
        )
        func refusal(
            _ word: String,
            _ above: String,
            _ meaning: DataClass.Meaning
        ) -> DataClasses.Refusal? {
            do throws(DataClasses.Refusal) {
                var copy = classes
                try copy.add(word, above: above, meaning)
                return nil
            } catch { return error }
        }
        #expect(refusal("personal", "internal", .init()) == .isThere)
        #expect(refusal("x", "nothing", .init()) == .isNoneBelow)
        #expect(refusal("x", "sensitive", people) == .isHighest)
        #expect(refusal("x", "personal", .init()) == .isOutOfOrder(than: "personal"))
        #expect(refusal("x", "public", people) == .isOutOfOrder(than: "open-soon"))
        #expect(refusal("x", "internal", .init(isAboutPeople: true)) == .isContradictory)
        // Otherwise a class would use people's data whatever they choose, without a rule that says why.
        let unasked = DataClass.Meaning(needsPurpose: true, isAboutPeople: true)
        #expect(refusal("x", "confidential", unasked) == .isContradictory)
        #expect(
            refusal("x", "internal", .init(needsPurpose: true, choice: .consent))
                == .isContradictory
        )
        #expect(refusal("x", "personal", people) == nil)
        for number in 0..<DataClasses.maximumOwn - 4 {
            try classes.add("n\(number)", above: "personal", people)
        }
        #expect(refusal("x", "personal", people) == .areTooMany)
    }

    @Test func `a selection follows the classes of the tenant`() throws {
        let classes = try own()
        func words(_ test: ClassSelection.Test) -> [String]? {
            ClassSelection(test).classes(of: classes)?.map(\.word)
        }
        #expect(
            words(.below("internal", isOrEqual: true, isNegated: false))
                == ["public", "open-soon", "internal"]
        )
        #expect(
            words(.below("confidential", isOrEqual: true, isNegated: true))
                == ["staff", "personal", "sensitive"]
        )
        #expect(words(.words(["staff"], isNegated: false)) == ["staff"])
        #expect(words(.words(["staff"], isNegated: true))?.count == 7)
        #expect(words(.words(["gone"], isNegated: true)) == nil)
        let both = ClassSelection(.below("internal", isOrEqual: true, isNegated: true))
            .intersection(ClassSelection(.below("personal", isOrEqual: false, isNegated: false)))
        #expect(both.classes(of: classes)?.map(\.word) == ["draft", "confidential", "staff"])
        // Between the two there may be a class that some tenant names.
        #expect(!both.isNever)
    }

    @Test func `a selection of nothing is known to be one`() {
        let below = ClassSelection(.below("public", isOrEqual: false, isNegated: false))
        let above = ClassSelection(.below("sensitive", isOrEqual: true, isNegated: true))
        let two = ClassSelection(.words(["public"], isNegated: false))
            .intersection(ClassSelection(.words(["personal"], isNegated: false)))
        #expect(below.isNever && above.isNever && two.isNever)
        #expect(!ClassSelection.all.isNever)
        #expect(!ClassSelection(.words(["staff"], isNegated: false)).isNever)
    }

    @Test func `a rule about a class that is no more permits nothing and prohibits everything`() {
        let selection = ClassSelection(.words(["gone"], isNegated: false))
        var permission = Permission(assignee: .anyone, actions: [.read], target: .everything)
        permission.classes = selection
        #expect(permission.classified(by: Classification()).target == .nothing)
        var prohibition = Prohibition(
            assignee: .anyone,
            target: .everything,
            actions: [.read]
        )
        prohibition.classes = selection
        #expect(prohibition.classified(by: Classification()).target == .everything)
    }
}
