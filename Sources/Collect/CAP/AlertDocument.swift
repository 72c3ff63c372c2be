import ContextModel

/// Reads documents of the Common Alerting Protocol (CAP 1.2, OASIS 2010) as the JSON that maps of sources know.
///
/// A document is an alert, or a feed (Atom, RSS) with alerts inside. Its elements become members of the same
/// names; those that may be repeated become lists. Two things are added:
///
/// - `geometry`, the polygons and circles of all areas as GeoJSON;
/// - after an alert that updates or cancels others, an object for each of these, with `identifier`, `sender`,
///   `sent` and `status` of the message, `replacedBy` and `replacedAs`.
struct AlertDocument {
    /// The most elements of a document, and the most bytes of texts that it may have.
    static let maximumElements = 200_000

    private static let namespaces: Set = [
        "urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1",
    ]
    /// The elements that may be repeated where they stand.
    private static let repeated: Set = [
        "code", "info", "category", "responseType", "eventCode", "parameter", "resource", "area",
        "polygon", "circle", "geocode",
    ]
    /// The elements that have others inside.
    private static let structured: Set = [
        "alert", "info", "eventCode", "parameter", "resource", "area", "geocode",
    ]
    /// The elements that are passed over: signatures, and files within the document.
    private static let omitted: Set = ["Signature", "derefUri"]

    private var xml: XMLReader
    private var elements = 0

    /// Throws for what is no XML, has a document type or entities, or has no place for alerts.
    ///
    /// `refuse` is called for each area that cannot be drawn; the alert is returned without that area.
    static func read(
        _ bytes: [UInt8],
        refuse: (RowRefusal, String) -> Void
    ) throws(RowRefusal) -> JSONValue {
        var alerts: [JSONValue] = []
        do throws(SourceError) {
            let text = try XMLEncoding.utf8(bytes, name: "message")
            var document = AlertDocument(xml: XMLReader(MemoryBytes(text, name: "message")))
            for alert in try document.alerts() {
                let alert = AlertAreas.drawn(alert, refuse: refuse)
                alerts.append(.object(alert))
                alerts += replaced(by: alert)
            }
        } catch {
            throw RowRefusal(reason: error.description)
        }
        return .array(alerts)
    }

    private mutating func alerts() throws(SourceError) -> [JSONObject] {
        var alerts: [JSONObject] = []
        var isRoot = true
        var knowsNamespace = false
        while let token = try next() {
            guard case .start(let name, let attributes) = token else { continue }
            if isRoot, !["alert", "feed", "rss", "RDF", "EDXLDistribution"].contains(name) {
                throw SourceError("`\(name)` is neither an alert (CAP) nor a feed.")
            }
            isRoot = false
            if attributes.contains(where: { Self.namespaces.contains($0.value) }) {
                knowsNamespace = true
            }
            guard name == "alert" else { continue }
            guard knowsNamespace else { throw SourceError("The alert is not of CAP 1.2.") }
            guard case .object(let alert) = try element(name) else { continue }
            alerts.append(alert)
        }
        return alerts
    }

    private mutating func next() throws(SourceError) -> XMLReader.Token? {
        let token = try xml.next()
        guard case .start? = token else { return token }
        elements += 1
        guard elements <= Self.maximumElements else {
            throw xml.refusal("has more than \(Self.maximumElements) elements")
        }
        return token
    }

    /// Reads the element up to its end: its text, or an object of the elements inside.
    private mutating func element(_ name: String) throws(SourceError) -> JSONValue {
        var object = JSONObject()
        var lists: [String: [JSONValue]] = [:]
        var text = ""
        while let token = try next() {
            switch token {
            case .text(let part): if !Self.structured.contains(name) { text += part }
            case .end:
                guard Self.structured.contains(name) else {
                    // The parts of a text may have a long run together.
                    guard !CombiningMarks.areTooMany(in: text) else {
                        throw xml.refusal("has a text with too many combining marks in a row")
                    }
                    return .string(Self.trimmed(text))
                }
                for key in lists.keys.sorted() { object[key] = .array(lists[key] ?? []) }
                return .object(object)
            case .start(let inner, _):
                guard Self.structured.contains(name), !Self.omitted.contains(inner) else {
                    try skip()
                    continue
                }
                guard object.count < Self.maximumNames else {
                    throw xml.refusal("has more than \(Self.maximumNames) elements in `\(name)`")
                }
                let value = try element(inner)
                if Self.repeated.contains(inner) {
                    lists[inner, default: []].append(value)
                } else if object[inner] == nil {
                    object[inner] = value
                } else {
                    throw xml.refusal("has `\(inner)` twice in `\(name)`")
                }
            }
        }
        throw xml.refusal("is cut off")
    }

    /// The most elements of different names inside of one.
    private static let maximumNames = 200
    /// The most alerts to which one may refer.
    private static let maximumReferences = 1_000

    /// Passes over the element that has begun.
    private mutating func skip() throws(SourceError) {
        var depth = 1
        while depth > 0, let token = try next() {
            switch token {
            case .start: depth += 1
            case .end: depth -= 1
            case .text: break
            }
        }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// What is to be told of the alerts to which an update or a cancellation refers (CAP 1.2, clause 3.2.1:
    /// each reference is `sender,identifier,sent`).
    private static func replaced(by alert: JSONObject) -> [JSONValue] {
        guard let kind = alert["msgType"]?.stringValue, kind == "Update" || kind == "Cancel",
            let references = alert["references"]?.stringValue
        else { return [] }
        let some = references.split(
            maxSplits: maximumReferences,
            whereSeparator: \.isWhitespace
        )
        return some.prefix(maximumReferences).compactMap { reference in
            let parts = reference.split(separator: ",").map(String.init)
            guard parts.count == 3, parts[1] != alert["identifier"]?.stringValue else { return nil }
            var object: JSONObject = [
                "identifier": .string(parts[1]), "replacedAs": .string(kind),
            ]
            for name in ["sender", "sent", "status"] { object[name] = alert[name] }
            object["replacedBy"] = alert["identifier"]
            return .object(object)
        }
    }
}
