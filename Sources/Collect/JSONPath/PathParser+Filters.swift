import ContextModel

/// Filters (clause 2.3.5) and functions (clause 2.4).
extension PathParser {
    /// A logical expression.
    mutating func condition() throws(JSONPathError) -> PathCondition {
        let parts = try list(of: "||") { (parser) throws(JSONPathError) in
            let parts = try parser.list(of: "&&") { (parser) throws(JSONPathError) in
                try parser.basicCondition()
            }
            return parts.count == 1 ? parts[0] : .all(parts)
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func list(
        of separator: String,
        _ read: (inout PathParser) throws(JSONPathError) -> PathCondition
    ) throws(JSONPathError) -> [PathCondition] {
        var parts = [try read(&self)]
        while true {
            var ahead = self
            ahead.skipBlanks()
            guard ahead.skip(separator) else { return parts }
            self = ahead
            skipBlanks()
            parts.append(try read(&self))
        }
    }

    private mutating func basicCondition() throws(JSONPathError) -> PathCondition {
        if skip("!") {
            skipBlanks()
            if next == "(" { return .not(try parenthesized()) }
            return .not(try test(try operand()))
        }
        if next == "(" { return try parenthesized() }
        let left = try operand()
        var ahead = self
        ahead.skipBlanks()
        guard let comparison = ahead.comparison() else { return try test(left) }
        self = ahead
        skipBlanks()
        let right = try operand()
        try requireValue(left)
        try requireValue(right)
        return .comparison(left, comparison, right)
    }

    private mutating func parenthesized() throws(JSONPathError) -> PathCondition {
        guard skip("(") else { throw wrong("Here should be `(`.") }
        return try nested { (parser) throws(JSONPathError) in
            parser.skipBlanks()
            let condition = try parser.condition()
            parser.skipBlanks()
            guard parser.skip(")") else { throw parser.wrong("Here should be `)`.") }
            return condition
        }
    }

    private mutating func comparison() -> PathComparison? {
        for operation in ["==", "!=", "<=", ">=", "<", ">"] where skip(operation) {
            return PathComparison(rawValue: operation)
        }
        return nil
    }

    /// A query or the result of a function as a condition.
    private func test(_ operand: PathOperand) throws(JSONPathError) -> PathCondition {
        switch operand {
        case .query(let query): return .exists(query)
        case .function(let function) where function.name.isLogical: return .function(function)
        case .function(let function):
            throw wrong("The result of `\(function.name.rawValue)` must be compared.")
        case .literal: throw wrong("A value alone is no condition.")
        }
    }

    /// Throws for an operand that cannot be compared (clause 2.3.5.1).
    private func requireValue(_ operand: PathOperand) throws(JSONPathError) {
        switch operand {
        case .query(let query) where !query.isSingular:
            throw wrong("A query in a comparison selects one value at most.")
        case .function(let function) where function.name.isLogical:
            throw wrong("The result of `\(function.name.rawValue)` cannot be compared.")
        case .query, .function, .literal: return
        }
    }

    // MARK: Operands

    private mutating func operand() throws(JSONPathError) -> PathOperand {
        switch next {
        case "@"?, "$"?:
            let isRelative = skip("@")
            if !isRelative { _ = skip("$") }
            return .query(PathQuery(isRelative: isRelative, segments: try segments()))
        case "'"?, "\""?: return .literal(.string(try string()))
        case "-"?, ("0"..."9")?: return .literal(try number())
        case ("a"..."z")?: return try word()
        default: throw wrong("Here should be a query, a value or a function.")
        }
    }

    /// A function, or one of the words for values.
    private mutating func word() throws(JSONPathError) -> PathOperand {
        var word = ""
        while let scalar = next, scalar.isASCII, Self.isFunctionName(scalar) {
            word.unicodeScalars.append(scalar)
            _ = skip(String(scalar))
        }
        guard next == "(" else {
            switch word {
            case "true": return .literal(true)
            case "false": return .literal(false)
            case "null": return .literal(.null)
            default: throw wrong("`\(word)` is no value; a text has quotes.")
            }
        }
        guard let name = PathFunction.Name(rawValue: word) else {
            throw wrong("There is no function `\(word)`.")
        }
        return .function(
            try nested { (parser) throws(JSONPathError) in try parser.function(name) }
        )
    }

    private static func isFunctionName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
    }

    /// The call of a function whose arguments are of the right types (clause 2.4.3).
    private mutating func function(_ name: PathFunction.Name) throws(JSONPathError) -> PathFunction
    {
        _ = skip("(")
        skipBlanks()
        var arguments: [PathOperand] = []
        if next != ")" {
            repeat {
                skipBlanks()
                arguments.append(try operand())
                skipBlanks()
            } while skip(",")
        }
        guard skip(")") else { throw wrong("Here should be `)` or `,`.") }
        guard arguments.count == name.parameterCount else {
            throw wrong("`\(name.rawValue)` takes \(name.parameterCount) arguments.")
        }
        for argument in arguments {
            if name.takesValues {
                try requireValue(argument)
            } else if case .query = argument {
                continue
            } else {
                throw wrong("`\(name.rawValue)` takes a query.")
            }
        }
        var pattern: IRegexp?
        if name.isLogical, case .literal(.string(let text)) = arguments[1] {
            pattern = IRegexp(text)
        }
        return PathFunction(name: name, arguments: arguments, pattern: pattern)
    }
}
