import RawStructuredFieldValues

/// What a hub tells another one of the request that it passes on: who asks, and through whom.
///
/// Why it is asked is in `Data-Purpose`, as in every request.
package struct Requester: Sendable, Hashable {
    /// The field of the header that says it.
    package static let field = "data-requester"
    /// Hubs that a question passes through at most.
    package static let maximumHubs = 8

    /// The party that asked, by the name that the first hub has for it; nil for nobody in particular.
    package var party: String?
    /// The hubs that the question came through before the one that signs, the first one first.
    package var through: [MemberID]
    /// What the use of data about people rests on, in the words of the hub that asks; nil where it does not say.
    package var ground: String?

    package init(party: String? = nil, through: [MemberID] = [], ground: String? = nil) {
        self.party = party
        self.through = through
        self.ground = ground
    }

    /// Reads the field.
    ///
    /// Throws `malformed` where it is not wholly understood.
    package init(_ field: String) throws(SignatureError) {
        self.init()
        for (name, member) in try SignatureFields.dictionary(field) {
            switch (name, member) {
            case ("party", .item(let item)): party = try Self.text(item)
            case ("ground", .item(let item)): ground = try Self.text(item)
            case ("through", .innerList(let list)):
                for item in list.bareInnerList {
                    guard let id = MemberID(try Self.text(item)) else {
                        throw SignatureError(.malformed, "Data-Requester names what is no hub.")
                    }
                    through.append(id)
                }
            default:
                throw SignatureError(
                    .malformed,
                    "Data-Requester has a member that is not understood: \(name)."
                )
            }
        }
        guard through.count < Self.maximumHubs else {
            throw SignatureError(.malformed, "The question came through too many hubs.")
        }
    }

    /// The value of the field.
    package func text() throws(SignatureError) -> String {
        var members = OrderedMap<String, ItemOrInnerList>()
        if let party { members["party"] = .item(SignatureFields.item(party)) }
        if let ground { members["ground"] = .item(SignatureFields.item(ground)) }
        var hubs = BareInnerList()
        for hub in through { hubs.append(SignatureFields.item(hub.text)) }
        members["through"] = .innerList(
            InnerList(bareInnerList: hubs, parameters: OrderedMap<String, RFC9651BareItem>())
        )
        return try SignatureFields.text(of: members)
    }

    private static func text(_ item: Item) throws(SignatureError) -> String {
        switch item.rfc9651BareItem {
        case .string(let text), .displayString(let text):
            guard item.rfc9651Parameters.isEmpty else { break }
            return text
        default: break
        }
        throw SignatureError(.malformed, "Data-Requester has a value that is no text.")
    }
}
