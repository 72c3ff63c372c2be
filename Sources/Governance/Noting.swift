import ContextModel

/// Makes something anew for one reader: the same, whose tests of what people chose note whom they let
/// through.
///
/// It is found once where such tests are. All else, such as a long list of types, is shared by everything
/// that is made.
typealias Noting<Whole> = @Sendable (DisclosureNotes) -> Whole

extension Policy.View {
    /// Makes the view that takes notes; nil where it does not depend on what people chose.
    var noting: Noting<Policy.View>? {
        let (view, entities, attributes) = (self, condition.noting, hidden.noting)
        guard entities != nil || attributes != nil else { return nil }
        return { notes in
            Policy.View(
                condition: entities?(notes) ?? view.condition,
                hidden: attributes?(notes) ?? view.hidden
            )
        }
    }
}

extension HiddenAttributes {
    fileprivate var noting: Noting<HiddenAttributes>? {
        let hidden = self
        let elements = elements.noting { $0.noting }
        let shaped = shaped.noting { $0.noting }
        guard elements != nil || shaped != nil else { return nil }
        return { notes in
            hidden.with(
                elements?(notes) ?? hidden.elements,
                shaped: shaped?(notes) ?? hidden.shaped
            )
        }
    }
}

extension HiddenAttributes.Element {
    fileprivate var noting: Noting<HiddenAttributes.Element>? {
        guard let condition = condition.noting else { return nil }
        let element = self
        return { notes in
            HiddenAttributes.Element(
                condition: condition(notes),
                names: element.names,
                shaping: element.shaping
            )
        }
    }
}

extension Condition {
    fileprivate var noting: Noting<Condition>? {
        switch self {
        case .all(let parts):
            guard let parts = parts.noting({ $0.noting }) else { return nil }
            return { notes in .all(parts(notes)) }
        case .any(let parts):
            guard let parts = parts.noting({ $0.noting }) else { return nil }
            return { notes in .any(parts(notes)) }
        case .not(let part):
            guard let part = part.noting else { return nil }
            return { notes in .not(part(notes)) }
        case .decided(let decision):
            guard let test = decision.decider as? SubjectTest, test.asksPeople else { return nil }
            return { notes in .decided(EntityDecision(test.noting(notes))) }
        case .everything, .nothing, .ids, .idPattern, .type, .scope, .attribute, .value, .geometry,
            .linked:
            return nil
        }
    }
}

extension Array where Element: Sendable {
    /// Makes the list with those parts anew that take notes; nil where none does.
    fileprivate func noting(_ noting: (Element) -> Noting<Element>?) -> Noting<[Element]>? {
        let parts = self
        let made = enumerated().compactMap { place, part in noting(part).map { (place, $0) } }
        guard !made.isEmpty else { return nil }
        return { notes in
            var parts = parts
            for (place, make) in made { parts[place] = make(notes) }
            return parts
        }
    }
}
