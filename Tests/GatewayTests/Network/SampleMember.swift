import Borders
import ContextModel
import HubNetwork
import Testing

/// Another hub that hubs of tests know, and that nobody runs.
enum SampleMember {
    private static let key = MemberKey()
    static var id: MemberID { MemberID(firstKey: key.id) }

    /// The same, and nothing where it cannot be signed.
    static var text: String { (try? description.text) ?? "" }

    /// What it says of itself.
    static var description: SignedDescription {
        get throws {
            let made = Timestamp(microseconds: 1_795_000_000_000_000)
            let end = Timestamp(microseconds: 1_895_000_000_000_000)
            let description = MemberDescription(
                id: id,
                number: 1,
                name: "Elsewhere",
                state: try #require(StateCode("MY")),
                longitude: 101,
                latitude: 3,
                address: "https://elsewhere.example",
                keys: [.init(key.publicKey, made..<end)],
                made: made
            )
            return try SignedDescription(description, with: key)
        }
    }
}
