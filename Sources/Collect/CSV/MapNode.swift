import Yams

/// A node of a YAML map with its path, for error messages.
struct MapNode {
    private let node: Node
    private let file: String
    /// The name of the node in messages.
    private let path: String

    private init(_ node: Node, file: String, path: String) {
        self.node = node
        self.file = file
        self.path = path
    }

    /// Reads the whole text.
    static func read(_ text: String, file: String) throws(SourceError) -> MapNode {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw SourceError("`\(file)` is empty.")
            }
            return MapNode(node, file: file, path: "")
        } catch let error as YamlError {
            throw SourceError("`\(file)` is not YAML: \(error)")
        } catch let error as SourceError {
            throw error
        } catch {
            throw SourceError("`\(file)`: \(error)")
        }
    }

    /// An error at this node.
    func wrong(_ sentence: String) -> SourceError {
        let line = node.mark.map { ":\($0.line)" } ?? ""
        let what = path.isEmpty ? "" : "`\(path)`: "
        return SourceError("\(file)\(line): \(what)\(sentence)")
    }

    /// The members with their names; throws for an unknown member if a list of names is given.
    func members(_ known: [String]? = nil) throws(SourceError) -> [(String, MapNode)] {
        guard let mapping = node.mapping else { throw wrong("There should be keys with values.") }
        var members: [(String, MapNode)] = []
        for (key, value) in mapping {
            guard let name = key.string else { throw wrong("A key is not a text.") }
            let inner = path.isEmpty ? name : "\(path).\(name)"
            let member = MapNode(value, file: file, path: inner)
            guard known?.contains(name) ?? true else {
                let list = (known ?? []).map { "`\($0)`" }.joined(separator: ", ")
                throw member.wrong("There is no such key; known are \(list).")
            }
            members.append((name, member))
        }
        return members
    }

    /// Whether the value is a list.
    var isList: Bool { node.sequence != nil }

    func elements() throws(SourceError) -> [MapNode] {
        guard let sequence = node.sequence else { throw wrong("There should be a list.") }
        return sequence.map { MapNode($0, file: file, path: path) }
    }

    /// A text or a list of texts.
    func texts() throws(SourceError) -> [String] {
        guard node.sequence != nil else { return [try text()] }
        var texts: [String] = []
        for element in try elements() { texts.append(try element.text()) }
        return texts
    }

    func text() throws(SourceError) -> String {
        guard let scalar = node.scalar else { throw wrong("There should be a single value.") }
        return scalar.string
    }

    func flag() throws(SourceError) -> Bool {
        guard let flag = node.bool else { throw wrong("There should be true or false.") }
        return flag
    }

    /// A whole number from 0 to the limit.
    func count(upTo limit: Int) throws(SourceError) -> Int {
        guard let number = node.int, (0...limit).contains(number) else {
            throw wrong("There should be a whole number from 0 to \(limit).")
        }
        return number
    }

    func template() throws(SourceError) -> Template {
        guard let template = Template(try text()) else {
            throw wrong("A brace is not paired, or is empty; `{{` stands for a brace.")
        }
        return template
    }

    func choice<Choice>(_ choices: KeyValuePairs<String, Choice>) throws(SourceError) -> Choice {
        try choice(among: choices.map { ($0.key, $0.value) })
    }

    func choice<Choice>(among choices: [(String, Choice)]) throws(SourceError) -> Choice {
        let text = try text()
        for (name, choice) in choices where name == text { return choice }
        let list = choices.map { "`\($0.0)`" }.joined(separator: ", ")
        throw wrong("`\(text)` is not one of \(list).")
    }

    /// The node as number, boolean or text, by the rules of YAML.
    var scalar: Scalar? {
        guard node.scalar != nil else { return nil }
        if node.tag == Tag(.str) { return node.string.map(Scalar.text) }
        if let number = node.int { return .number("\(number)") }
        if let number = node.float, number.isFinite { return .number("\(number)") }
        if let flag = node.bool { return .flag(flag) }
        return node.string.map(Scalar.text)
    }

    enum Scalar {
        case number(String)
        case flag(Bool)
        case text(String)
    }
}
