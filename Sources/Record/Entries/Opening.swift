package import ContextModel

/// What one entry of the record says of one person: the person's own, and nobody else's to see.
///
///     {"subject":"urn:…","party":"urn:…","purpose":"dpv:…","rule":"urn:…",
///      "time":"2026-01-31T08:00:00Z","entities":["urn:…"],"attributes":["https://…"]}
///
/// Each value has exactly one text: the members in this order, `tenant` behind `subject` and `details`
/// at the end, those left out that are empty, no white space and no line breaks.
package struct Opening: Sendable, Hashable {
    /// The person whom it is about.
    package var subject: String
    /// The tenant that has the data; nil for the default one.
    package var tenant: String?
    /// Who got the data, or made the choice.
    package var party: String
    package var purpose: String?
    /// The rule by which it was allowed.
    package var rule: String?
    package var time: Timestamp
    /// Identifiers of the entities.
    package var entities: [String]
    /// Expanded names of the attributes.
    package var attributes: [String]
    /// What else the kind of entry has, such as the choice that was made.
    package var details: JSONObject

    package init(
        subject: String,
        tenant: String? = nil,
        party: String,
        purpose: String? = nil,
        rule: String? = nil,
        time: Timestamp,
        entities: [String] = [],
        attributes: [String] = [],
        details: JSONObject = JSONObject()
    ) {
        self.subject = subject
        self.tenant = tenant
        self.party = party
        self.purpose = purpose
        self.rule = rule
        self.time = time
        self.entities = entities
        self.attributes = attributes
        self.details = details
    }
}

// MARK: - JSON

extension Opening {
    /// Bytes of the longest opening.
    package static let maximumBytes = 1 << 20

    /// The bytes that its commitment hashes.
    package var bytes: [UInt8] {
        var writer = JSONWriter(reservingBytes: 512)
        writer.beginObject()
        func member(_ name: String, _ text: String?) {
            guard let text else { return }
            writer.key(name)
            writer.string(text)
        }
        func member(_ name: String, _ texts: [String]) {
            guard !texts.isEmpty else { return }
            writer.key(name)
            writer.beginArray()
            for text in texts { writer.string(text) }
            writer.endArray()
        }
        member("subject", subject)
        member("tenant", tenant)
        member("party", party)
        member("purpose", purpose)
        member("rule", rule)
        writer.key("time")
        writer.timestamp(time)
        member("entities", entities)
        member("attributes", attributes)
        if !details.isEmpty {
            writer.key("details")
            writer.value(.object(details))
        }
        writer.endObject()
        return writer.bytes
    }

    /// Reads an opening; throws for bytes that are not exactly what `bytes` writes.
    package init(_ bytes: [UInt8]) throws(ProofError) {
        guard let opening = Self.read(bytes), opening.bytes == bytes else {
            throw ProofError(.malformed, "This is no opening of an entry.")
        }
        self = opening
    }

    private static func read(_ bytes: [UInt8]) -> Opening? {
        let limits = JSONLimits(maximumBytes: maximumBytes)
        guard let object = try? JSONReader.read(bytes, limits: limits).objectValue,
            let subject = object["subject"]?.stringValue,
            let party = object["party"]?.stringValue,
            let time = object["time"]?.stringValue.flatMap(Timestamp.init(dateTime:))
        else { return nil }
        return Opening(
            subject: subject,
            tenant: object["tenant"]?.stringValue,
            party: party,
            purpose: object["purpose"]?.stringValue,
            rule: object["rule"]?.stringValue,
            time: time,
            entities: object["entities"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            attributes: object["attributes"]?.arrayValue?.compactMap(\.stringValue) ?? [],
            details: object["details"]?.objectValue ?? JSONObject()
        )
    }
}
