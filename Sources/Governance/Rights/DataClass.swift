/// How much data can tell of people: what may be done with it depends on that.
///
/// There are four classes that every tenant has, and those that its classification names between them.
package struct DataClass: Sendable, Hashable, Comparable {
    /// The word for it in documents.
    package let word: String
    /// A higher class needs at least as much as a lower one.
    package let rank: Int
    package let meaning: Meaning

    /// What data of the class needs before it may be used.
    package struct Meaning: Sendable, Hashable {
        /// Only a permission that names its purposes covers it; otherwise every permission does.
        package var needsPurpose = false
        /// It is about people and says about whom: each reading of it is in the record, and not only counted.
        package var isAboutPeople = false
        package var choice = Choosing.none

        package init(
            needsPurpose: Bool = false,
            isAboutPeople: Bool = false,
            choice: Choosing = .none
        ) {
            self.needsPurpose = needsPurpose
            self.isAboutPeople = isAboutPeople
            self.choice = choice
        }

        /// Whether it needs nothing that the other does not.
        func isWithin(_ other: Meaning) -> Bool {
            (!needsPurpose || other.needsPurpose) && (!isAboutPeople || other.isAboutPeople)
                && choice <= other.choice
        }
    }

    /// What people's choices do to data of the class.
    package enum Choosing: Int, Sendable, Hashable, CaseIterable, Comparable {
        case none
        /// It may be used until they object.
        case objection
        /// It may be used while they consent.
        case consent

        package static func < (a: Choosing, b: Choosing) -> Bool { a.rawValue < b.rawValue }
    }

    init(_ word: String, rank: Int, _ meaning: Meaning) {
        self.word = word
        self.rank = rank
        self.meaning = meaning
    }

    /// Nobody is harmed by it.
    package static let `public` = DataClass("public", rank: 0, Meaning())
    /// Not meant for everybody; what nobody has classified.
    package static let `internal` = DataClass("internal", rank: 1_000, Meaning())
    /// Data about a person.
    package static let personal = DataClass(
        "personal",
        rank: 2_000,
        Meaning(needsPurpose: true, isAboutPeople: true, choice: .objection)
    )
    /// Data about a person that harms when it is known, such as about health: it needs the person's
    /// consent.
    package static let sensitive = DataClass(
        "sensitive",
        rank: 3_000,
        Meaning(needsPurpose: true, isAboutPeople: true, choice: .consent)
    )

    /// The classes that every tenant has, from the lowest to the highest.
    package static let everywhere = [DataClass.public, .internal, .personal, .sensitive]

    /// One of the classes that every tenant has.
    package init?(word: String) {
        guard let found = Self.everywhere.first(where: { $0.word == word }) else { return nil }
        self = found
    }

    /// Whether it is about people.
    package var isAboutPeople: Bool { meaning.isAboutPeople }

    package static func < (a: DataClass, b: DataClass) -> Bool { a.rank < b.rank }
}

/// The classes of a tenant, from the lowest to the highest.
package struct DataClasses: Sendable, Hashable {
    package private(set) var all = DataClass.everywhere

    package init() {}

    /// Those that the tenant has named itself.
    package var own: [DataClass] { all.filter { !DataClass.everywhere.contains($0) } }

    package subscript(word: String) -> DataClass? { all.first { $0.word == word } }

    /// The class next below.
    package func below(_ dataClass: DataClass) -> DataClass? {
        all.last { $0 < dataClass }
    }

    /// Classes that a tenant may name at most.
    package static let maximumOwn = 16

    /// Why a class cannot be added.
    package enum Refusal: Error, Sendable, Hashable {
        case isThere, isNoneBelow, isHighest, areTooMany
        /// It needs less than a class below it, or more than one above it.
        case isOutOfOrder(than: String)
        /// People can choose about all data that is about people, and about no other; it needs a purpose.
        case isContradictory
    }

    /// Adds a class next above another one.
    package mutating func add(
        _ word: String,
        above lower: String,
        _ meaning: DataClass.Meaning
    ) throws(Refusal) {
        guard self[word] == nil else { throw .isThere }
        guard own.count < Self.maximumOwn else { throw .areTooMany }
        guard let place = all.firstIndex(where: { $0.word == lower }) else { throw .isNoneBelow }
        guard place + 1 < all.count else { throw .isHighest }
        guard !meaning.isAboutPeople || meaning.needsPurpose,
            meaning.isAboutPeople == (meaning.choice != .none)
        else { throw .isContradictory }
        let (below, above) = (all[place], all[place + 1])
        guard below.meaning.isWithin(meaning) else { throw .isOutOfOrder(than: below.word) }
        guard meaning.isWithin(above.meaning) else { throw .isOutOfOrder(than: above.word) }
        // Those that are above it already move up.
        let base = below.rank / 1_000 * 1_000
        var ranked: [DataClass] = []
        for one in all {
            let isMoved = one.rank > below.rank && one.rank < base + 1_000
            ranked.append(
                isMoved ? DataClass(one.word, rank: one.rank + 1, one.meaning) : one
            )
        }
        ranked.insert(DataClass(word, rank: below.rank + 1, meaning), at: place + 1)
        all = ranked
    }
}
