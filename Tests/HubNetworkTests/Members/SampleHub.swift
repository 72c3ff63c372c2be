import Borders
import ContextModel
import Testing

@testable import HubNetwork

/// A hub of the tests: its key, and what it says of itself.
struct SampleHub {
    static let moment = Timestamp(microseconds: 1_800_000_000_000_000)

    var key = MemberKey()
    var description: MemberDescription

    init(_ name: String = "Phuket", address: String = "https://phuket.example") throws {
        description = MemberDescription(
            id: MemberID(firstKey: key.id),
            number: 1,
            name: name,
            state: try #require(StateCode("TH")),
            longitude: 98.39,
            latitude: 7.88,
            address: address,
            keys: [.init(key.publicKey, Self.year)],
            offers: ["context-source"],
            made: Self.moment
        )
    }

    static var year: Range<Timestamp> { moment..<after(days: 365) }

    static func after(days: Int64) -> Timestamp {
        Timestamp(microseconds: moment.microseconds + days * 86_400_000_000)
    }

    var signed: SignedDescription {
        get throws { try SignedDescription(description, with: key) }
    }

    var dossier: MemberDossier {
        get throws { try MemberDossier([try signed.text]) }
    }

    /// Says something new on the day, signed by the key that it has or by another one.
    mutating func say(
        on day: Int64,
        with other: MemberKey? = nil,
        _ change: (inout MemberDescription) -> Void = { _ in }
    ) throws -> SignedDescription {
        description.number += 1
        description.made = Self.after(days: day)
        change(&description)
        return try SignedDescription(description, with: other ?? key)
    }
}
