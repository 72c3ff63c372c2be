import ContextModel

/// Why a table of rules is refused: the member, and what is wrong with it.
package struct BorderRuleError: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ place: String, _ problem: String) { description = "\(place): \(problem)" }
}

/// Reads a table of rules in the format of docs/border-rules.md.
///
/// What is not wholly understood is refused: a rule that is left out would be one that does not hold.
package struct BorderRuleReader {
    package init() {}

    /// Reads the JSON of a table; throws `BorderRuleError`.
    package func table(_ bytes: [UInt8]) throws(BorderRuleError) -> BorderRuleTable {
        guard let json = try? JSONReader.read(bytes), case .object(let object) = json else {
            throw BorderRuleError("table", "It is no JSON object.")
        }
        var fields = BorderFields(object, "table")
        let title = try fields.text("title")
        var rules: [BorderRule] = []
        for (place, json) in try fields.objects("rules").enumerated() {
            let rule = try self.rule(json, "rules[\(place)]")
            guard !rules.contains(where: { $0.id == rule.id }) else {
                throw BorderRuleError("rules[\(place)].id", "'\(rule.id)' is there twice.")
            }
            rules.append(rule)
        }
        try fields.end()
        let ids = Set(rules.map(\.id))
        for rule in rules {
            guard let unknown = rule.exempts.subtracting(ids).min() else { continue }
            throw BorderRuleError("\(rule.id).exempts", "There is no rule '\(unknown)'.")
        }
        return BorderRuleTable(title: title, rules: rules)
    }

    private func rule(
        _ json: JSONObject,
        _ place: String
    ) throws(BorderRuleError) -> BorderRule {
        var fields = BorderFields(json, place)
        let id = try fields.text("id")
        fields.place = id
        let rule = BorderRule(
            id: id,
            role: try fields.word("role") ?? .rule,
            sources: try sources(&fields),
            categories: try fields.words("categories").map { Set($0) },
            headCounts: try headCounts(&fields),
            controllers: Set(try fields.words("controllers") ?? ControllerSector.allCases),
            transfers: Set(try fields.words("transfers") ?? TransferKind.allCases),
            isDomestic: try fields.flag("domestic"),
            effect: try fields.requiredWord("effect"),
            grounds: try grounds(&fields),
            exempts: Set(try fields.texts("exempts")),
            duties: try duties(&fields),
            condition: try fields.text("condition"),
            basis: try fields.text("basis"),
            from: try fields.date("from"),
            until: try fields.date("until"),
            confidence: try fields.text("confidence"),
            references: try fields.text("references")
        )
        try fields.end()
        return rule
    }

    private func sources(_ fields: inout BorderFields) throws(BorderRuleError) -> Set<StateCode> {
        let texts = try fields.texts("sources")
        if texts == ["ASEAN"] { return StateCode.asean }
        var states: Set<StateCode> = []
        for text in texts {
            guard let state = StateCode(text) else {
                throw BorderRuleError("\(fields.place).sources", "'\(text)' is no state's code.")
            }
            states.insert(state)
        }
        return states
    }

    private func headCounts(
        _ fields: inout BorderFields
    ) throws(BorderRuleError) -> [BorderRule.HeadCount] {
        var counts: [BorderRule.HeadCount] = []
        for json in try fields.objects("headCounts") {
            var part = BorderFields(json, "\(fields.place).headCounts")
            let category: DataCategory = try part.requiredWord("category")
            let from = try part.number("from") ?? 0
            let to = try part.number("to") ?? .max
            guard 0 <= from, from <= to else {
                throw BorderRuleError(part.place, "'from' is more than 'to'.")
            }
            try part.end()
            counts.append(BorderRule.HeadCount(category: category, people: from...to))
        }
        return counts
    }

    /// Each is a word, or several that are needed together, with `+` between them.
    private func grounds(
        _ fields: inout BorderFields
    ) throws(BorderRuleError) -> [[TransferGround]] {
        var grounds: [[TransferGround]] = []
        for text in try fields.texts("grounds") {
            let words = text.split(separator: "+", omittingEmptySubsequences: false)
            let known = words.compactMap { TransferGround(rawValue: String($0)) }
            guard known.count == words.count else {
                throw BorderRuleError("\(fields.place).grounds", "'\(text)' is not known.")
            }
            grounds.append(known)
        }
        return grounds
    }

    private func duties(
        _ fields: inout BorderFields
    ) throws(BorderRuleError) -> [BorderRule.Duty] {
        var duties: [BorderRule.Duty] = []
        for json in try fields.objects("duties") {
            var part = BorderFields(json, "\(fields.place).duties")
            let text = try part.text("duty")
            duties.append(BorderRule.Duty(text: text, within: try part.duration("within")))
            try part.end()
        }
        return duties
    }
}
