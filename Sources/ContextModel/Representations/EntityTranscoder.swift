/// Writes stored entities as JSON directly from their bytes, as for nearly every answer.
///
/// Its output equals that of `EntityWriter` for the decoded entity, byte for byte. It does not
/// check the texts again: they were read as JSON before they were stored.
struct EntityTranscoder {
    typealias Damage = EntityCodec.Damage

    private let writer: EntityWriter
    private let hidden: Set<IRI>
    private var decoder: EntityDecoder
    private var terms: TermTable
    private var lastTerm: TermTable.Place?
    private var lastMoment: Timestamp?
    private var lastMomentText: [UInt8] = []

    private var representation: Representation { writer.representation }

    /// Uses and extends the table of terms; the bytes must stay valid.
    init(
        _ writer: EntityWriter,
        _ bytes: UnsafeRawBufferPointer,
        hiding hidden: Set<IRI>,
        terms: TermTable
    ) {
        self.writer = writer
        self.hidden = hidden
        self.terms = terms
        decoder = EntityDecoder(bytes)
    }

    /// Writes the entity; returns the table with the terms that were added.
    mutating func write(
        embedding reference: JSONValue?,
        to json: inout JSONWriter
    ) throws(Damage) -> TermTable {
        try decoder.format(.entity1)
        json.beginObject()
        try head(to: &json)
        for _ in 0..<(try decoder.count()) {
            let term = try nextTerm()
            if representation.projection.shows(term.iri), !hidden.contains(term.iri) {
                json.key(quoted: term.quoted)
                try instances(representation.format, to: &json)
            } else {
                try decoder.skipInstances()
            }
        }
        if let reference {
            json.key("@context")
            json.value(reference)
        }
        json.endObject()
        return terms
    }

    /// Writes everything before the attributes.
    private mutating func head(to json: inout JSONWriter) throws(Damage) {
        let projection = representation.projection
        let stored = try decoder.entityFields()
        let id = try decoder.textBytes()
        if projection.shows(member: "id") { json.member(#""id":"#, utf8: id) }
        let types = try oneOrMany { coder throws(Damage) in try coder.nextTerm().quoted }
        if projection.shows(member: "type") { json.member(#""type":"#, raw: types) }
        if stored.contains(.scopes) {
            let scopes = try oneOrMany { coder throws(Damage) in
                var scope = JSONWriter()
                scope.string(utf8: try coder.decoder.textBytes())
                return scope.bytes
            }
            if projection.shows(member: "scope") { json.member(#""scope":"#, raw: scopes) }
        }
        let createdAt = stored.contains(.createdAt) ? try decoder.moment() : nil
        let modifiedAt = stored.contains(.modifiedAt) ? try decoder.moment() : nil
        let expiresAt = stored.contains(.expiresAt) ? try decoder.moment() : nil
        guard representation.showsSystemAttributes else { return }
        if projection.shows(member: "expiresAt") { member(#""expiresAt":"#, expiresAt, &json) }
        if projection.shows(member: "createdAt") { member(#""createdAt":"#, createdAt, &json) }
        if projection.shows(member: "modifiedAt") { member(#""modifiedAt":"#, modifiedAt, &json) }
    }

    /// Writes one text as a string and several as an array.
    private mutating func oneOrMany(
        _ next: (inout EntityTranscoder) throws(Damage) -> [UInt8]
    ) throws(Damage) -> [UInt8] {
        let count = try decoder.count()
        if count == 1 { return try next(&self) }
        var json = JSONWriter()
        json.beginArray()
        for _ in 0..<count { json.raw(try next(&self)) }
        json.endArray()
        return json.bytes
    }

    /// Most times in an answer equal the one before.
    private mutating func member(
        _ lead: StaticString,
        _ moment: Timestamp?,
        _ json: inout JSONWriter
    ) {
        guard let moment else { return }
        if moment != lastMoment {
            var text = JSONWriter()
            text.timestamp(moment)
            (lastMoment, lastMomentText) = (moment, text.bytes)
        }
        json.member(lead, raw: lastMomentText)
    }

    private mutating func nextTerm() throws(Damage) -> TermTable.Term {
        try decoder.readName()
        if let known = terms.place(of: decoder.nameBytes, after: lastTerm) {
            lastTerm = known
            return terms[known]
        }
        let iri = try decoder.nameIRI()
        let term = TermTable.Term(iri, writer.context.compact(iri))
        lastTerm = terms.add(term, after: lastTerm)
        return term
    }

    // MARK: Attributes

    private mutating func instances(
        _ format: Representation.Format,
        to json: inout JSONWriter
    ) throws(Damage) {
        let count = try decoder.count()
        if format == .simplified { return try datasets(count, to: &json) }
        if count == 1 { return try reified(try fields(), format, to: &json) }
        json.beginArray()
        for _ in 0..<count {
            try reified(try fields(), format, isOneOfSeveral: true, to: &json)
        }
        json.endArray()
    }

    /// Writes a single instance without a datasetId as its value, and others by their datasetId
    /// (clause 4.5.4).
    private mutating func datasets(_ count: Int, to json: inout JSONWriter) throws(Damage) {
        var isBare = false
        for index in 0..<count {
            let fields = try fields()
            isBare = count == 1 && fields.datasetID == nil
            if index == 0, !isBare { json.beginDatasets() }
            if !isBare { json.key(utf8: fields.datasetID, or: "@none") }
            try simplifiedValue(fields.kind, to: &json)
        }
        if count == 0 { json.beginDatasets() }
        if !isBare { json.endDatasets() }
    }

    private mutating func reified(
        _ fields: Fields,
        _ format: Representation.Format,
        isOneOfSeveral: Bool = false,
        to json: inout JSONWriter
    ) throws(Damage) {
        let showsSystem = representation.showsSystemAttributes
        if format == .concise, !isOneOfSeveral, !showsSystem, fields.isEmpty,
            try standsAlone(fields.kind)
        {
            return try value(to: &json)
        }
        var tellsKind = format == .normalized
        if !tellsKind { tellsKind = try isUnlikeItsValue(fields.kind) }
        json.lead(tellsKind ? fields.kind.normalizedLead : fields.kind.conciseLead)
        try value(of: fields.kind, to: &json)
        member(#""observedAt":"#, fields.observedAt, &json)
        json.member(#""unitCode":"#, utf8: fields.unitCode)
        json.member(#""datasetId":"#, utf8: fields.datasetID)
        if let details = fields.details { writer.write(details, kind: fields.kind, to: &json) }
        if showsSystem {
            member(#""createdAt":"#, fields.createdAt, &json)
            member(#""modifiedAt":"#, fields.modifiedAt, &json)
        }
        if !fields.attributes.isEmpty { json.raw(fields.attributes) }
        json.endObject()
    }

    /// The parts that are stored before the value of an instance and written after it.
    private struct Fields {
        var kind: Attribute.Kind
        var createdAt, modifiedAt, observedAt: Timestamp?
        var unitCode, datasetID: UnsafeRawBufferPointer?
        /// The sub-attributes as members in JSON.
        var attributes: [UInt8] = []
        var details: AttributeDetails?

        /// Whether there is nothing to write but the value.
        var isEmpty: Bool {
            observedAt == nil && unitCode == nil && datasetID == nil && attributes.isEmpty
                && details == nil
        }
    }

    private mutating func fields() throws(Damage) -> Fields {
        let (kind, stored) = try decoder.attributeHead()
        var fields = Fields(kind: kind)
        if stored.contains(.createdAt) { fields.createdAt = try decoder.moment() }
        if stored.contains(.modifiedAt) { fields.modifiedAt = try decoder.moment() }
        if stored.contains(.observedAt) { fields.observedAt = try decoder.moment() }
        if stored.contains(.unitCode) { fields.unitCode = try decoder.textBytes() }
        if stored.contains(.attributes) { fields.attributes = try subAttributes() }
        if stored.contains(.datasetID) { fields.datasetID = try decoder.textBytes() }
        if stored.contains(.details) { fields.details = try decoder.details() }
        return fields
    }

    private mutating func subAttributes() throws(Damage) -> [UInt8] {
        try decoder.descend()
        defer { decoder.ascend() }
        var json = JSONWriter()
        for _ in 0..<(try decoder.count()) {
            let term = try nextTerm()
            if hidden.contains(term.iri) {
                try decoder.skipInstances()
            } else {
                json.key(quoted: term.quoted)
                try instances(representation.format, to: &json)
            }
        }
        return json.bytes
    }

    // MARK: Values

    /// Whether a value with nothing beside it may be written without its kind (clause 4.5.0).
    private func standsAlone(_ kind: Attribute.Kind) throws(Damage) -> Bool {
        if kind == .geoProperty { return true }
        guard kind == .property else { return false }
        var ahead = decoder
        switch try ahead.valueHead().tag {
        case .object: return false
        case .array: return try valueAhead().isBareInConcise
        case .null, .no, .yes, .number, .string: return true
        }
    }

    /// Whether the value would be mistaken for one of another kind when the kind is not written.
    private func isUnlikeItsValue(_ kind: Attribute.Kind) throws(Damage) -> Bool {
        guard kind == .property else { return false }
        var ahead = decoder
        guard case .object = try ahead.valueHead().tag else { return false }
        return try valueAhead().isGeometry
    }

    private func valueAhead() throws(Damage) -> JSONValue {
        var ahead = decoder
        return try ahead.value()
    }

    private mutating func simplifiedValue(
        _ kind: Attribute.Kind,
        to json: inout JSONWriter
    ) throws(Damage) {
        switch kind {
        case .property, .geoProperty, .relationship, .listProperty, .listRelationship:
            try value(to: &json)
        case .languageProperty, .vocabProperty, .jsonProperty:
            json.lead(kind.conciseLead)
            try value(of: kind, to: &json)
            json.endObject()
        }
    }

    private mutating func value(
        of kind: Attribute.Kind,
        to json: inout JSONWriter
    ) throws(Damage) {
        switch kind {
        case .vocabProperty, .listRelationship:
            writer.writeValue(try decoder.value(), kind: kind, to: &json)
        default: try value(to: &json)
        }
    }

    private mutating func value(to json: inout JSONWriter) throws(Damage) {
        let (tag, size) = try decoder.valueHead()
        switch tag {
        case .null: json.null()
        case .no: json.bool(false)
        case .yes: json.bool(true)
        case .number: json.raw(decoder.textBytes(size))
        case .string: json.string(utf8: decoder.textBytes(size))
        case .array:
            try decoder.descend()
            json.beginArray()
            for _ in 0..<size { try value(to: &json) }
            json.endArray()
            decoder.ascend()
        case .object:
            try decoder.descend()
            json.beginObject()
            for _ in 0..<size {
                json.key(utf8: try decoder.textBytes())
                try value(to: &json)
            }
            json.endObject()
            decoder.ascend()
        }
    }
}

extension JSONWriter {
    fileprivate mutating func beginDatasets() { lead("{\"dataset\":{") }

    fileprivate mutating func endDatasets() {
        endObject()
        endObject()
    }

    fileprivate mutating func key(utf8: UnsafeRawBufferPointer?, or name: String) {
        if let utf8 { key(utf8: utf8) } else { key(name) }
    }

    fileprivate mutating func member(_ lead: StaticString, utf8: UnsafeRawBufferPointer?) {
        guard let utf8 else { return }
        self.lead(lead)
        string(utf8: utf8)
    }

    fileprivate mutating func member(_ lead: StaticString, raw: [UInt8]) {
        self.lead(lead)
        self.raw(raw)
    }
}

extension Attribute.Kind {
    /// The normalized representation up to the value.
    fileprivate var normalizedLead: StaticString {
        switch self {
        case .property: #"{"type":"Property","value":"#
        case .relationship: #"{"type":"Relationship","object":"#
        case .geoProperty: #"{"type":"GeoProperty","value":"#
        case .languageProperty: #"{"type":"LanguageProperty","languageMap":"#
        case .vocabProperty: #"{"type":"VocabProperty","vocab":"#
        case .jsonProperty: #"{"type":"JsonProperty","json":"#
        case .listProperty: #"{"type":"ListProperty","valueList":"#
        case .listRelationship: #"{"type":"ListRelationship","objectList":"#
        }
    }

    /// The concise representation up to the value.
    fileprivate var conciseLead: StaticString {
        switch self {
        case .property, .geoProperty: #"{"value":"#
        case .relationship: #"{"object":"#
        case .languageProperty: #"{"languageMap":"#
        case .vocabProperty: #"{"vocab":"#
        case .jsonProperty: #"{"json":"#
        case .listProperty: #"{"valueList":"#
        case .listRelationship: #"{"objectList":"#
        }
    }
}
