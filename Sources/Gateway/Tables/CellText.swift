import ContextModel

/// What stands in a cell for the value of an attribute.
struct CellText: Sendable {
    let entities: EntityWriter

    /// The value: a number as it was written, a text without quotes, a place as Well-Known Text (OGC 06-103r4
    /// clause 7), vocabulary as terms, and anything else as JSON.
    func text(of attribute: Attribute) -> String {
        switch attribute.kind {
        case .geoProperty: WellKnownText(geoJSON: attribute.value)?.text ?? attribute.value.text
        case .property, .relationship: text(of: attribute.value)
        case .languageProperty, .vocabProperty, .jsonProperty, .listProperty, .listRelationship:
            text(of: entities.shownValue(of: attribute))
        }
    }

    private func text(of value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): number.literal
        case .bool(let flag): flag ? "true" : "false"
        case .null: ""
        case .array, .object: value.text
        }
    }
}
