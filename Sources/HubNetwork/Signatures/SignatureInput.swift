import ContextModel
import RawStructuredFieldValues

/// What a signature covers, and what it says of itself (RFC 9421, clause 2.3).
package struct SignatureInput: Sendable, Equatable {
    package var components: [SignatureComponent]
    /// Seconds since 1970.
    package var created: Int64?
    /// Seconds since 1970: afterwards it is worth nothing.
    package var expires: Int64?
    /// A text that its maker uses once.
    package var nonce: String?
    package var algorithm: String?
    package var keyID: String?
    /// What the signature is for.
    package var tag: String?

    package init(_ components: [SignatureComponent]) { self.components = components }

    /// Reads the signature with the label out of `Signature-Input`.
    ///
    /// Throws `SignatureError` where it is not wholly understood.
    package init(_ label: String, in field: String) throws(SignatureError) {
        try self.init(try SignatureFields.list(label, in: field))
    }

    /// Reads the list of a signature.
    init(_ list: InnerList) throws(SignatureError) {
        components = []
        for item in list.bareInnerList {
            guard case .string(let name) = item.rfc9651BareItem, item.rfc9651Parameters.isEmpty,
                let component = SignatureComponent(name)
            else {
                throw SignatureError(
                    .malformed,
                    "Signature-Input covers a component that is not understood."
                )
            }
            components.append(component)
        }
        guard Set(components).count == components.count else {
            throw SignatureError(.malformed, "Signature-Input covers a component twice.")
        }
        for (name, value) in list.rfc9651Parameters {
            switch (name, value) {
            case ("created", .integer(let seconds)): created = seconds
            case ("expires", .integer(let seconds)): expires = seconds
            case ("nonce", .string(let text)): nonce = text
            case ("alg", .string(let text)): algorithm = text
            case ("keyid", .string(let text)): keyID = text
            case ("tag", .string(let text)): tag = text
            default:
                throw SignatureError(
                    .malformed,
                    "Signature-Input has a parameter that is not understood: \(name)."
                )
            }
        }
    }

    /// The labels of all signatures that `Signature-Input` names, with what they are for.
    package static func tags(
        in field: String
    ) throws(SignatureError) -> [(
        label: String, tag: String?
    )] {
        try SignatureFields.dictionary(field).map { label, member in
            guard case .innerList(let list) = member,
                case .string(let tag)? = list.rfc9651Parameters["tag"]
            else { return (label, nil) }
            return (label, tag)
        }
    }

    /// As it stands in `Signature-Input` behind its label, and as the last line of what is signed.
    ///
    /// The order of the parameters is always the same; `init(_:in:)` forgets the one that it read, so the base of a
    /// received signature is made of the received text.
    func text() throws(SignatureError) -> String {
        var items = BareInnerList()
        for component in components {
            items.append(SignatureFields.item(component.name))
        }
        var parameters = OrderedMap<String, RFC9651BareItem>()
        if let created { parameters["created"] = .integer(created) }
        if let expires { parameters["expires"] = .integer(expires) }
        if let nonce { parameters["nonce"] = .string(nonce) }
        if let algorithm { parameters["alg"] = .string(algorithm) }
        if let keyID { parameters["keyid"] = .string(keyID) }
        if let tag { parameters["tag"] = .string(tag) }
        return try SignatureFields.text(
            of: .innerList(InnerList(bareInnerList: items, parameters: parameters))
        )
    }
}

/// Structured fields (RFC 9651) as signatures use them.
enum SignatureFields {
    /// Longer ones are not read.
    static let maximumBytes = 4_096

    static func dictionary(
        _ field: String
    ) throws(SignatureError) -> OrderedMap<String, ItemOrInnerList> {
        guard field.utf8.count <= maximumBytes else {
            throw SignatureError(.malformed, "A field of the signature is too long.")
        }
        do {
            var parser = StructuredFieldValueParser(Array(field.utf8))
            return try parser.parseDictionaryFieldValue()
        } catch {
            throw SignatureError(.malformed, "A field of the signature is no dictionary: \(error).")
        }
    }

    /// The list with the label in `Signature-Input`.
    static func list(_ label: String, in field: String) throws(SignatureError) -> InnerList {
        guard case .innerList(let list)? = try dictionary(field)[label] else {
            throw SignatureError(.malformed, "Signature-Input has no list named \(label).")
        }
        return list
    }

    /// A text, without parameters.
    static func item(_ text: String) -> Item {
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        return Item(
            bareItem: isPlain ? RFC9651BareItem.string(text) : .displayString(text),
            parameters: OrderedMap<String, RFC9651BareItem>()
        )
    }

    /// A member of a list, written.
    static func text(of member: ItemOrInnerList) throws(SignatureError) -> String {
        var serializer = StructuredFieldValueSerializer()
        do {
            return String(decoding: try serializer.writeListFieldValue([member]), as: UTF8.self)
        } catch {
            throw SignatureError(.malformed, "It cannot stand in a field: \(error).")
        }
    }

    /// A dictionary, written.
    static func text(
        of members: OrderedMap<String, ItemOrInnerList>
    ) throws(SignatureError) -> String {
        var serializer = StructuredFieldValueSerializer()
        do {
            return String(
                decoding: try serializer.writeDictionaryFieldValue(members),
                as: UTF8.self
            )
        } catch {
            throw SignatureError(.malformed, "It cannot stand in a field: \(error).")
        }
    }
}
