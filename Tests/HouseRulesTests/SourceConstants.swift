import Foundation

/// The constants in our sources by the names of their types, such as `HubLimits.maximumBatch`.
struct SourceConstants {
    /// The value of each in the source, and its module.
    private var expressions: [String: [(module: String, text: String)]] = [:]

    init(_ files: [SourceFile]) {
        for file in files {
            let module = file.path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
            var owners: [(indent: Int, name: String)] = []
            for index in file.lines.indices {
                let code = file.code(index)
                let indent = code.prefix { $0 == " " }.count
                if let owner = code.firstMatch(of: Self.owner) {
                    owners.removeAll { $0.indent >= indent }
                    owners.append((indent, String(owner.1)))
                } else if let constant = code.wholeMatch(of: Self.constant),
                    let owner = owners.last(where: { $0.indent < indent })
                {
                    let text = String(constant.2 ?? constant.3 ?? "")
                    expressions["\(owner.name).\(constant.1)", default: []].append((module, text))
                }
            }
        }
    }

    private nonisolated(unsafe) static let owner =
        /^ *(?:[a-z]+ )*(?:struct|class|enum|actor|extension) (\w+)/
    /// A property or a parameter with a value: `static let a = 1`, `var a: Int { 1 }`, `a: Int = 1,`.
    private nonisolated(unsafe) static let constant =
        /^ *(?:[a-z]+ )*(\w+)(?:: \w+)? (?:= (.+?),?|\{ (.+) \})$/

    /// The value of a constant for a page; nil when the name is unknown or ambiguous.
    ///
    /// `Module/Type.name` distinguishes those of two modules.
    subscript(name: String) -> String? {
        let parts = name.split(separator: "/")
        guard let key = parts.last, let found = expressions[String(key)] else { return nil }
        let matching = found.filter { parts.count == 1 || $0.module == parts[0] }
        guard matching.count == 1, let field = key.split(separator: ".").last else { return nil }
        return Self.text(matching[0].text, of: String(field))
    }

    /// The value with its unit, which follows from its type or its name.
    static func text(_ expression: String, of name: String) -> String? {
        if let duration = expression.wholeMatch(of: /\w*\.(\w+)\((.+)\)/) {
            guard let unit = units.first(where: { $0.name == duration.1 }) else { return nil }
            return number(duration.2).map { text(microseconds: $0 * unit.microseconds) }
        }
        guard let value = number(expression[...]) else { return nil }
        if name.lowercased().contains("bytes") { return text(bytes: value) }
        if let unit = units.first(where: { name.lowercased().hasSuffix($0.name) }) {
            return text(microseconds: value * unit.microseconds)
        }
        return grouped(value)
    }

    /// Longer names first: "microseconds" ends in "seconds", too.
    private static let units = [
        (name: "microseconds", microseconds: 1), (name: "milliseconds", microseconds: 1_000),
        (name: "seconds", microseconds: 1_000_000),
    ]

    /// The value of a literal, or of a product or a shift of literals.
    private static func number(_ expression: Substring) -> Int? {
        let sides = expression.components(separatedBy: " << ").map(product)
        guard sides.count <= 2, let value = sides[0] else { return nil }
        guard sides.count == 2 else { return value }
        return sides[1].map { value << $0 }
    }

    private static func product(_ expression: String) -> Int? {
        expression.components(separatedBy: " * ").reduce(1) { product, factor in
            let literal = factor.replacing("_", with: "").replacing(/\.0$/, with: "")
            return Int(literal).flatMap { number in product.map { $0 * number } }
        }
    }

    private static func text(bytes: Int) -> String {
        for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(grouped(bytes >> shift)) \(unit)"
        }
        return "\(grouped(bytes)) bytes"
    }

    private static func text(microseconds: Int) -> String {
        let units = [
            (86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"),
            (1_000, "ms"),
        ]
        for (length, unit) in units where microseconds >= length && microseconds % length == 0 {
            return "\(grouped(microseconds / length)) \(unit)"
        }
        return "\(grouped(microseconds)) µs"
    }

    /// The digits in groups of three.
    private static func grouped(_ number: Int) -> String {
        let digits = Array(String(number))
        return digits.indices.reduce(into: "") { text, index in
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digits[index])
        }
    }
}
