import ContextModel
import Foundation

extension SourceDefinition {
    /// Reads a definition, and checks everything that can be checked without a message.
    ///
    /// `name` is what messages call the text.
    package init(_ text: String, name: String) throws(SourceError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw SourceError("A source is defined in \(Self.maximumBytes) bytes at most.")
        }
        let root = try MapNode.read(text, file: name)
        var way: Way?
        var maps: [ColumnMap] = []
        var hasMap = false
        var rest: [(String, MapNode)] = []
        for (key, node) in try root.members(Self.keys) {
            switch key {
            case "webhook", "mqtt", "poll", "watch":
                guard way == nil else {
                    throw node.wrong("A source has one of `webhook`, `mqtt`, `poll` and `watch`.")
                }
                way = try Way(key, node)
                if key == "watch" { maps = [try Self.watchedMap(node)] }
            case "map":
                hasMap = true
                maps = try Self.maps(node)
            default: rest.append((key, node))
            }
        }
        guard let way else {
            throw root.wrong("A source needs `webhook`, `mqtt`, `poll` or `watch`.")
        }
        if case .watch = way, hasMap || rest.contains(where: { !Self.watchKeys.contains($0.0) }) {
            throw root.wrong("With `watch`, a source has `about` and `reportsEvery` alone.")
        }
        self.way = way
        self.maps = maps
        for (key, node) in rest { try set(key, node) }
        try checkFormat(root)
        // What it compiles to is made for each message again; here it is tried.
        _ = try SourceMapper(self, root)
    }

    /// Checks that the definition has what its format needs, and nothing that it has no use for.
    private func checkFormat(_ root: MapNode) throws(SourceError) {
        let hasMap = format != .ngsi && format != .devices
        guard hasMap == !maps.isEmpty else {
            throw root.wrong(
                hasMap ? "A source needs `map`." : "The format `\(format.rawValue)` needs no `map`."
            )
        }
        guard hasMap || rows == nil && each == nil && join == nil && every == nil && number == nil
        else {
            throw root.wrong("The format `\(format.rawValue)` finds its entities itself.")
        }
        guard (format == .ngsi) == !givenTypes.isEmpty else {
            throw root.wrong("`types` are those of the format `ngsi`, which needs one at least.")
        }
        if case .mqtt = way { return }
        guard format != .devices else {
            throw root.wrong(
                "The format `devices` needs `mqtt`; by HTTP, devices send to /iot/json."
            )
        }
    }

    private static let keys = [
        "about", "webhook", "mqtt", "poll", "watch", "format", "rows", "each", "join", "every",
        "number", "reportsEvery", "map", "types",
    ]

    /// The most types of a source.
    private static let maximumTypes = 200

    private mutating func set(_ key: String, _ node: MapNode) throws(SourceError) {
        switch key {
        case "about": about = try node.text()
        case "format":
            format = try node.choice(among: Format.allCases.map { ($0.rawValue, $0) })
        case "rows": rows = try node.path()
        case "each": each = try node.path()
        case "join": join = try Join(node)
        case "every": every = try Every(node)
        case "number": number = try node.template()
        case "types":
            givenTypes = try node.texts()
            for type in givenTypes where !Name.isValid(type) {
                throw node.wrong("`\(type)` is not the name of a type.")
            }
            guard givenTypes.count <= Self.maximumTypes else {
                throw node.wrong("A source has \(Self.maximumTypes) types at most.")
            }
        default: reports = try Self.reports(node)
        }
    }

    private static func reports(_ node: MapNode) throws(SourceError) -> Reports {
        guard case .text? = node.scalar else {
            return .every(seconds: try node.seconds())
        }
        return try node.choice(["learned": .learned, "never": .never])
    }

    private static let watchKeys: Set = ["about", "reportsEvery"]

    /// The map of a source that gets no messages: it names the type.
    private static func watchedMap(_ node: MapNode) throws(SourceError) -> ColumnMap {
        let members = try node.members(["type"])
        guard let (_, type) = members.first else { throw node.wrong("There should be `type`.") }
        return ColumnMap(type: try type.text(), id: Template(column: "id"))
    }

    /// One map, or a list of them.
    private static func maps(_ node: MapNode) throws(SourceError) -> [ColumnMap] {
        guard node.isList else { return [try map(node)] }
        let elements = try node.elements()
        guard (1...maximumMaps).contains(elements.count) else {
            throw node.wrong("There should be one to \(maximumMaps) maps.")
        }
        var maps: [ColumnMap] = []
        for element in elements { maps.append(try map(element)) }
        return maps
    }

    /// The map of a file, without what only a whole file can have.
    private static func map(_ node: MapNode) throws(SourceError) -> ColumnMap {
        for (key, member) in try node.members() where fileKeys.contains(key) {
            throw member.wrong("`\(key)` is for files, and not for messages.")
        }
        return try ColumnMap(node)
    }

    private static let fileKeys: Set = ["history", "current", "repeats", "wide", "lookup"]
}

extension SourceDefinition.Way {
    fileprivate init(_ key: String, _ node: MapNode) throws(SourceError) {
        switch key {
        case "webhook": self = .webhook(try WebhookAccess(node))
        case "mqtt": self = .mqtt(try MQTTTopics(node))
        case "watch": self = .watch
        default: self = .poll(try PolledAddress(node))
        }
    }
}

extension SourceDefinition.Join {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        var rows: JSONPath?
        var key: MapCell?
        var match: Template?
        for (name, node) in try node.members(["rows", "key", "match"]) {
            switch name {
            case "rows": rows = try node.path()
            case "key": key = try node.cell(try node.text())
            default: match = try node.template()
            }
        }
        guard let rows, let key, let match else {
            throw node.wrong("There should be `rows`, `key` and `match`.")
        }
        self.init(rows: rows, key: key, match: match)
    }
}

extension SourceDefinition.Every {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        var object: JSONPath?
        var except: Set<String> = []
        for (name, node) in try node.members(["object", "except"]) {
            if name == "object" { object = try node.path() } else { except = Set(try node.texts()) }
        }
        guard let object else { throw node.wrong("There should be `object`.") }
        self.init(object: object, except: except)
    }
}

extension WebhookAccess {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        let members = try node.members(["bearer", "basic", "query", "hmac"])
        guard members.count == 1, let (kind, inner) = members.first else {
            throw node.wrong("There should be one of `bearer`, `basic`, `query` and `hmac`.")
        }
        switch kind {
        case "bearer": self = .bearer(try inner.secret())
        case "basic":
            let (user, secret) = try inner.named("user", "password")
            guard !user.contains(":") else { throw inner.wrong("A user's name has no colon.") }
            self = .basic(user: user, secret)
        case "query":
            let (name, secret) = try inner.named("name", "secret")
            self = .query(name: name, secret)
        default: self = try Self.hmac(inner)
        }
    }

    private static func hmac(_ node: MapNode) throws(SourceError) -> WebhookAccess {
        var header: String?
        var secret: SecretReference?
        var prefix = ""
        var isBase64 = false
        for (key, node) in try node.members(["header", "secret", "prefix", "encoding"]) {
            switch key {
            case "header": header = try node.headerName()
            case "secret": secret = try node.secret()
            case "prefix": prefix = try node.text()
            default: isBase64 = try node.choice(["hex": false, "base64": true])
            }
        }
        guard let header, let secret else {
            throw node.wrong("There should be `header` and `secret`.")
        }
        return .hmac(header: header, prefix: prefix, isBase64: isBase64, secret)
    }
}

extension MQTTTopics {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        self.init(host: "", port: 0, isSecure: false, filters: [])
        let keys = [
            "broker", "topics", "user", "password", "client", "version", "qualityOfService",
            "authority", "certificate", "key",
        ]
        for (key, node) in try node.members(keys) {
            switch key {
            case "broker": try setBroker(node)
            case "topics":
                filters = try node.texts()
                for filter in filters where !Self.isFilter(filter) {
                    throw node.wrong("`\(filter)` is not a topic filter like `sensors/+/air`.")
                }
            case "user": user = try node.text()
            case "password": password = try node.secret()
            case "client": client = try node.text()
            case "version": isVersion5 = try node.choice(["5.0": true, "5": true, "3.1.1": false])
            case "authority": authority = try node.secret()
            case "certificate": certificate = try node.secret()
            case "key": self.key = try node.secret()
            default: qualityOfService = try node.count(upTo: 1)
            }
        }
        guard !host.isEmpty, (1...Self.maximumFilters).contains(filters.count) else {
            throw node.wrong(
                "There should be `broker`, and one to \(Self.maximumFilters) `topics`."
            )
        }
        guard password == nil || user != nil else {
            throw node.wrong("A `password` needs a `user`.")
        }
        guard (certificate == nil) == (key == nil), certificate == nil || isSecure else {
            throw node.wrong("A `certificate` needs its `key`, and a broker with `mqtts`.")
        }
    }

    private static let maximumFilters = 100

    private mutating func setBroker(_ node: MapNode) throws(SourceError) {
        let text = try node.text()
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
            url.scheme == "mqtt" || url.scheme == "mqtts", url.path.isEmpty || url.path == "/",
            url.user == nil, url.query == nil
        else {
            throw node.wrong("`\(text)` is not a broker like `mqtts://broker.example:8883`.")
        }
        isSecure = url.scheme == "mqtts"
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? (isSecure ? 8_883 : 1_883)
    }

    /// Whether one of the filters matches the topic (MQTT 5.0, clauses 4.7.1 and 4.8.2).
    package func includes(_ topic: String) -> Bool {
        let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
        return filters.contains { Self.matches($0, levels) }
    }

    private static func matches(_ filter: String, _ topic: [Substring]) -> Bool {
        var levels = filter.split(separator: "/", omittingEmptySubsequences: false)
        // `$share/NAME/FILTER` is a subscription that several clients share.
        if levels.first == "$share" { levels.removeFirst(min(2, levels.count)) }
        // A wildcard at the beginning does not stand for topics of the broker itself.
        if topic.first?.first == "$", levels.first == "+" || levels.first == "#" { return false }
        for (place, level) in levels.enumerated() {
            if level == "#" { return true }
            guard place < topic.count, level == "+" || level.utf8.elementsEqual(topic[place].utf8)
            else { return false }
        }
        return levels.count == topic.count
    }

    /// Whether it is a topic filter (MQTT 5, clause 4.7.1): wildcards stand for whole levels.
    package static func isFilter(_ filter: String) -> Bool {
        guard !filter.isEmpty, filter.utf8.count <= 65_535, !filter.utf8.contains(0) else {
            return false
        }
        let levels = filter.split(separator: "/", omittingEmptySubsequences: false)
        return levels.enumerated().allSatisfy { number, level in
            if level == "#" { return number == levels.count - 1 }
            return level == "+" || !level.contains { $0 == "+" || $0 == "#" }
        }
    }
}

extension PolledAddress {
    fileprivate init(_ node: MapNode) throws(SourceError) {
        self.init(url: "", everySeconds: 0)
        let keys = ["url", "every", "headers", "pages", "maximumPages", "documents"]
        for (key, node) in try node.members(keys) {
            switch key {
            case "url": url = try node.webAddress()
            case "documents":
                documents = try node.elements().map { (node) throws(SourceError) in
                    try node.webAddress()
                }
                guard documents.count <= Self.maximumDocumentHosts else {
                    throw node.wrong("There are \(Self.maximumDocumentHosts) addresses at most.")
                }
            case "every": everySeconds = try node.seconds()
            case "headers":
                for (name, member) in try node.members() {
                    headers[try member.headerName(name)] = try member.sourceText()
                }
            case "pages": paging = try Self.paging(node)
            default: maximumPages = try node.count(upTo: 10_000)
            }
        }
        guard !url.isEmpty, everySeconds > 0 else {
            throw node.wrong("There should be `url` and `every`, in seconds.")
        }
    }

    /// The most further addresses for documents.
    private static let maximumDocumentHosts = 20

    private static func paging(_ node: MapNode) throws(SourceError) -> Paging {
        var texts: [String: MapNode] = [:]
        for (key, node) in try node.members(["token", "parameter", "offset", "step", "link"]) {
            texts[key] = node
        }
        if let token = texts["token"], let parameter = texts["parameter"], texts.count == 2 {
            return .token(try token.path(), parameter: try parameter.text())
        }
        if let offset = texts["offset"], let step = texts["step"], texts.count == 2 {
            let rows = try step.count(upTo: 1_000_000)
            guard rows > 0 else { throw step.wrong("A page has at least one row.") }
            return .offset(parameter: try offset.text(), step: rows)
        }
        if let link = texts["link"], texts.count == 1 {
            return .link(try link.text() == "header" ? nil : try link.path())
        }
        throw node.wrong(
            "There should be `token` and `parameter`, or `offset` and `step`, or `link`."
        )
    }
}

extension MapNode {
    fileprivate func webAddress() throws(SourceError) -> String {
        let url = try text()
        guard let parts = URLComponents(string: url), let scheme = parts.scheme,
            ["http", "https"].contains(scheme), parts.host?.isEmpty == false
        else { throw wrong("`\(url)` is not an http or https address.") }
        return url
    }

    fileprivate func path() throws(SourceError) -> JSONPath {
        do throws(JSONPathError) { return try JSONPath(try textOfPath()) } catch {
            throw wrong("\(error)")
        }
    }

    private func textOfPath() throws(JSONPathError) -> String {
        do throws(SourceError) { return try text() } catch { throw JSONPathError("\(error)") }
    }

    /// A whole number of seconds up to a year.
    fileprivate func seconds() throws(SourceError) -> Int {
        let seconds = try count(upTo: 31_622_400)
        guard seconds > 0 else { throw wrong("There should be a number of seconds above zero.") }
        return seconds
    }

    fileprivate func secret() throws(SourceError) -> SecretReference {
        guard case .secret(let secret) = try sourceText() else {
            throw wrong(
                "A secret does not stand here: write `{variable: BALAI_SOURCE_NAME}` or "
                    + "`{file: NAME}`."
            )
        }
        return secret
    }

    fileprivate func sourceText() throws(SourceError) -> SourceText {
        if scalar != nil { return .plain(try text()) }
        let members = try members(["variable", "file"])
        guard members.count == 1, let (kind, node) = members.first else {
            throw wrong("There should be `variable` or `file`.")
        }
        let name = try node.text()
        if kind == "variable" {
            guard name.wholeMatch(of: /BALAI_SOURCE_[A-Z0-9_]+/) != nil else {
                throw node.wrong("A variable for a source is called `BALAI_SOURCE_…`.")
            }
            return .secret(.variable(name))
        }
        guard name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9_.-]*/) != nil else {
            throw node.wrong("A file is named without its folder, which is `sources.secrets`.")
        }
        return .secret(.file(name))
    }

    /// A text under one key and a secret under another.
    fileprivate func named(
        _ textKey: String,
        _ secretKey: String
    ) throws(SourceError) -> (String, SecretReference) {
        var text: String?
        var secret: SecretReference?
        for (key, node) in try members([textKey, secretKey]) {
            if key == textKey { text = try node.text() } else { secret = try node.secret() }
        }
        guard let text, let secret else {
            throw wrong("There should be `\(textKey)` and `\(secretKey)`.")
        }
        return (text, secret)
    }

    fileprivate func headerName(_ name: String? = nil) throws(SourceError) -> String {
        var header = name ?? ""
        if name == nil { header = try text() }
        guard header.wholeMatch(of: /[A-Za-z0-9!#$%&'*+.^_`|~-]+/) != nil else {
            throw wrong("`\(header)` is not the name of a header.")
        }
        return header
    }
}
