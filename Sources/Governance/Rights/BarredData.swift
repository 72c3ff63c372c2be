import ContextModel

/// Data that a rule lets not leave the state for whoever asks, by its class and by who controls it.
package struct BarredData: Sendable, Hashable {
    /// The classes that rules about borders tell apart; those that a tenant names count as the one that they need as
    /// much as.
    package enum Kind: Sendable, Hashable, CaseIterable {
        case `public`, `internal`, personal, sensitive
    }
    package var kind: Kind
    package var sector: ControllerKind.Sector

    package init(_ kind: Kind, of sector: ControllerKind.Sector) {
        self.kind = kind
        self.sector = sector
    }
}

extension DataClass {
    /// What the class is to rules about borders.
    var kind: BarredData.Kind {
        guard meaning.isAboutPeople else { return self == .public ? .public : .internal }
        return meaning.choice == .consent ? .sensitive : .personal
    }
}

extension Policy.View {
    /// The view without what is barred: such entities are not in it, and such attributes are hidden.
    func without(_ barred: Set<BarredData>, _ classification: Classification) -> Policy.View {
        guard !barred.isEmpty else { return self }
        let test = BarredTest(barred, classification)
        let elements = classification.types.sorted { $0.key.text < $1.key.text }
            .compactMap { type, rule -> HiddenAttributes.Element? in
                let names = rule.names(barred: barred)
                guard !names.isEmpty else { return nil }
                return HiddenAttributes.Element(condition: .type(type), names: names)
            }
        return Policy.View(
            condition: condition.without(.decided(EntityDecision(test))),
            hidden: hidden.adding(elements)
        )
    }
}

extension Classification.TypeRule {
    fileprivate func isBarred(_ dataClass: DataClass, _ barred: Set<BarredData>) -> Bool {
        // A city's data is a public body's where nobody has said otherwise.
        barred.contains(BarredData(dataClass.kind, of: controller?.sector ?? .public))
    }

    /// The attributes of its entities that are barred; with those about people go the names of these people.
    fileprivate func names(barred: Set<BarredData>) -> Set<IRI> {
        let some = attributes.filter { isBarred($0.value, barred) }
        let areAboutPeople = some.values.contains(where: \.meaning.isAboutPeople)
        let subjects = areAboutPeople ? self.subjects.compactMap(\.names.first) : []
        return Set(some.keys).union(subjects)
    }
}

/// The term that holds for the entities that are barred: by one of their types, or because nobody has classified any.
final class BarredTest: EntityDecider {
    private let types: [IRI: Bool]
    private let isOtherBarred: Bool
    let attributeNames: [IRI] = []

    init(_ barred: Set<BarredData>, _ classification: Classification) {
        types = classification.types.mapValues { $0.isBarred($0.dataClass, barred) }
        isOtherBarred = barred.contains(BarredData(.internal, of: .public))
    }

    func holds(forTypes types: [IRI]) -> Bool? {
        types.isEmpty ? isOtherBarred : types.contains { self.types[$0] ?? isOtherBarred }
    }

    func holds(for entity: Entity) -> Bool { holds(forTypes: entity.types) ?? true }
}
