import ContextModel

/// One evaluation of a query (clause 2.1.2), which counts the values that it looks at.
struct PathEvaluation {
    private let root: JSONValue
    private let steps: PathSteps

    init(_ root: JSONValue, _ steps: PathSteps) {
        self.root = root
        self.steps = steps
    }

    private func count(_ more: Int) throws(JSONPathError) { try steps.take(more) }

    /// The values that the segments select, one segment after the other.
    func select(
        _ segments: [PathSegment],
        from start: JSONValue
    ) throws(JSONPathError) -> [JSONValue] {
        var nodes = [start]
        for segment in segments {
            var selected: [JSONValue] = []
            for node in nodes {
                guard segment.isDescendant else {
                    try apply(segment.selectors, to: node, &selected)
                    continue
                }
                try descend(segment.selectors, into: node, &selected)
            }
            nodes = selected
        }
        return nodes
    }

    /// Applies the selectors to the value and to all inside it, each before its children.
    private func descend(
        _ selectors: [PathSelector],
        into node: JSONValue,
        _ selected: inout [JSONValue]
    ) throws(JSONPathError) {
        try apply(selectors, to: node, &selected)
        switch node {
        case .array(let elements):
            for element in elements { try descend(selectors, into: element, &selected) }
        case .object(let object):
            for member in object.members { try descend(selectors, into: member.value, &selected) }
        case .null, .bool, .number, .string: break
        }
    }

    private func apply(
        _ selectors: [PathSelector],
        to node: JSONValue,
        _ selected: inout [JSONValue]
    ) throws(JSONPathError) {
        for selector in selectors { try apply(selector, to: node, &selected) }
    }

    private func apply(
        _ selector: PathSelector,
        to node: JSONValue,
        _ selected: inout [JSONValue]
    ) throws(JSONPathError) {
        try count(1)
        switch (selector, node) {
        case (.name(let name), .object(let object)):
            try steps.takeSearch(among: object.count)
            if let value = object.member(named: name) { selected.append(value) }
        case (.index(let index), .array(let elements)):
            let place = index < 0 ? elements.count + index : index
            if elements.indices.contains(place) { selected.append(elements[place]) }
        case (.slice(let start, let end, let step), .array(let elements)):
            let places = Self.places(start, end, step, count: elements.count)
            try count(places.count)
            selected += places.map { elements[$0] }
        case (.wildcard, _):
            let children = node.children
            try count(children.count)
            selected += children
        case (.filter(let condition), _):
            for child in node.children {
                try count(1)
                if try holds(condition, for: child) { selected.append(child) }
            }
        case (.name, _), (.index, _), (.slice, _): break
        }
    }

    /// The places of a slice, in its order (clause 2.3.4.2.2).
    private static func places(_ start: Int?, _ end: Int?, _ step: Int, count: Int) -> [Int] {
        guard step != 0 else { return [] }
        func normal(_ index: Int) -> Int { index >= 0 ? index : count + index }
        if step > 0 {
            let lower = min(max(normal(start ?? 0), 0), count)
            let upper = min(max(normal(end ?? count), 0), count)
            return Array(stride(from: lower, to: upper, by: step))
        }
        let upper = min(max(normal(start ?? count - 1), -1), count - 1)
        let lower = end.map { min(max(normal($0), -1), count - 1) } ?? -1
        return Array(stride(from: upper, to: lower, by: step))
    }

    // MARK: Conditions

    private func holds(
        _ condition: PathCondition,
        for node: JSONValue
    ) throws(JSONPathError) -> Bool {
        switch condition {
        case .any(let parts):
            for part in parts where try holds(part, for: node) { return true }
            return false
        case .all(let parts):
            for part in parts where try !holds(part, for: node) { return false }
            return true
        case .not(let part): return try !holds(part, for: node)
        case .exists(let query): return try !nodes(of: query, at: node).isEmpty
        case .function(let function): return try matches(function, at: node)
        case .comparison(let left, let comparison, let right):
            let (one, other) = (try value(of: left, at: node), try value(of: right, at: node))
            try countComparison(one, other)
            return comparison.holds(one, other)
        }
    }

    private func nodes(
        of query: PathQuery,
        at node: JSONValue
    ) throws(JSONPathError) -> [JSONValue] {
        try select(query.segments, from: query.isRelative ? node : root)
    }

    /// The value of an operand; nil for Nothing (clause 2.4.1).
    private func value(
        of operand: PathOperand,
        at node: JSONValue
    ) throws(JSONPathError) -> JSONValue? {
        switch operand {
        case .literal(let value): return value
        case .query(let query): return try nodes(of: query, at: node).first
        case .function(let function): return try result(of: function, at: node)
        }
    }

    /// The result of a function that returns a value.
    private func result(
        of function: PathFunction,
        at node: JSONValue
    ) throws(JSONPathError) -> JSONValue? {
        switch function.name {
        case .length:
            switch try value(of: function.arguments[0], at: node) {
            case .string(let text):
                try steps.takeSearch(among: text.utf8.count)
                return .number(JSONNumber(text.unicodeScalars.count))
            case .array(let elements): return .number(JSONNumber(elements.count))
            case .object(let object): return .number(JSONNumber(object.count))
            case .null, .bool, .number, nil: return nil
            }
        case .count, .value:
            guard case .query(let query) = function.arguments[0] else { return nil }
            let nodes = try nodes(of: query, at: node)
            if function.name == .count { return .number(JSONNumber(nodes.count)) }
            // Not as one expression: there `nil` would be a null of JSON, and not Nothing.
            guard nodes.count == 1 else { return nil }
            return nodes[0]
        case .match, .search: return nil
        }
    }

    private func matches(
        _ function: PathFunction,
        at node: JSONValue
    ) throws(JSONPathError) -> Bool {
        guard case .string(let text)? = try value(of: function.arguments[0], at: node) else {
            return false
        }
        var pattern = function.pattern
        if case .literal = function.arguments[1] {
        } else {
            let made = try value(of: function.arguments[1], at: node)?.stringValue
            // An expression of the message itself has to be read each time.
            try count(IRegexp.maximumStates)
            pattern = made.flatMap { IRegexp($0) }
        }
        guard let pattern else { return false }
        return function.name == .match
            ? try pattern.matches(text, steps) : try pattern.isFound(in: text, steps)
    }

    /// Counts what it takes to compare two values: much only where both have parts.
    private func countComparison(
        _ left: JSONValue?,
        _ right: JSONValue?
    ) throws(JSONPathError) {
        switch (left, right) {
        case (.string(let a)?, .string(let b)?):
            try steps.takeSearch(among: min(a.utf8.count, b.utf8.count))
        case (.array(let a)?, .array(let b)?):
            guard a.count == b.count else { return }
            for (one, other) in zip(a, b) {
                try count(1)
                try countComparison(one, other)
            }
        case (.object(let a)?, .object(let b)?):
            guard a.count == b.count else { return }
            for member in a.members {
                try steps.takeSearch(among: b.count)
                try countComparison(member.value, b.member(named: member.key))
            }
        default: return
        }
    }
}

extension PathComparison {
    /// Whether it holds between two values, or Nothing (clause 2.3.5.2.2).
    func holds(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        switch self {
        case .equal: JSONValue.isSame(left, right)
        case .unequal: !JSONValue.isSame(left, right)
        case .less: JSONValue.isLess(left, right)
        case .greater: JSONValue.isLess(right, left)
        case .lessOrEqual: JSONValue.isLess(left, right) || JSONValue.isSame(left, right)
        case .greaterOrEqual: JSONValue.isLess(right, left) || JSONValue.isSame(left, right)
        }
    }
}

extension JSONObject {
    /// The member whose name has the same Unicode scalars (clause 2.3.1.2).
    func member(named name: String) -> JSONValue? {
        members.first { $0.key.utf8.elementsEqual(name.utf8) }?.value
    }
}

extension JSONValue {
    fileprivate var children: [JSONValue] {
        switch self {
        case .array(let elements): elements
        case .object(let object): object.members.map(\.value)
        case .null, .bool, .number, .string: []
        }
    }

    /// Whether two values are equal, texts by their scalars; nil is Nothing.
    fileprivate static func isSame(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        switch (left, right) {
        case (nil, nil), (.null?, .null?): true
        case (.bool(let a)?, .bool(let b)?): a == b
        case (.number(let a)?, .number(let b)?): a == b
        case (.string(let a)?, .string(let b)?): a.utf8.elementsEqual(b.utf8)
        case (.array(let a)?, .array(let b)?):
            a.count == b.count && zip(a, b).allSatisfy { isSame($0, $1) }
        case (.object(let a)?, .object(let b)?):
            a.count == b.count
                && a.members.allSatisfy { member in
                    b.member(named: member.key).map { isSame(member.value, $0) } ?? false
                }
        default: false
        }
    }

    fileprivate static func isLess(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        switch (left, right) {
        case (.number(let a)?, .number(let b)?): a.doubleValue < b.doubleValue
        case (.string(let a)?, .string(let b)?):
            a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
        default: false
        }
    }
}
