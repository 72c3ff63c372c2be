/// What the laws about data that crosses borders tell apart.
package enum DataCategory: String, Sendable, Hashable, CaseIterable {
    /// Published for everybody.
    case `public`
    /// Not about people, and not meant for everybody.
    case `internal`
    /// About people.
    case personal
    /// About people, and harmful when it is known: health, belief, money, where somebody goes.
    case sensitive
    /// About the people whom an organisation employs.
    case employee
    /// Identity data that a ministry of the interior holds.
    case identification
    /// What a state calls important data (Viet Nam's Data Law).
    case important
    /// What a state calls core data (Viet Nam's Data Law).
    case core
    /// What a state allows nobody to have (Lao law on electronic data).
    case prohibited

    /// Rules about these hold for it, too: sensitive data is personal data.
    package var wider: Set<DataCategory> {
        switch self {
        case .sensitive, .employee, .identification: [self, .personal]
        case .core: [self, .important]
        default: [self]
        }
    }

    /// Whether it is about people.
    package var isAboutPeople: Bool { wider.contains(.personal) }
}

/// The kind of controller that laws tell apart.
package enum ControllerSector: String, Sendable, Hashable, CaseIterable {
    case `public`, `private`
    /// An organisation without profit that belongs to no state.
    case ngo
}

/// What happens to the data.
package enum TransferKind: String, Sendable, Hashable, CaseIterable {
    /// Somebody in the other state gets it, also by looking at it from there.
    case transfer
    /// It passes through the other state, and nobody gets it there.
    case transit
    /// It is kept in the other state, and nobody there can open it.
    case sealed
}

/// What a transfer can be based on, where a law asks for something.
package enum TransferGround: String, Sendable, Hashable, CaseIterable {
    /// The destination protects people as well as the source.
    case equalProtection = "equal-protection"
    /// A contract with duties, such as ASEAN's Model Contractual Clauses.
    case contract
    /// Rules that bind a group of companies, and that an authority has approved.
    case bindingRules = "binding-rules"
    /// A certificate such as those of APEC's or the Global Cross-Border Privacy Rules.
    case certification
    /// The people agreed, after they were told what it means.
    case consent
    /// A contract with the person, a vital or a public interest needs it.
    case necessity
    /// The city took precautions, and checked who receives.
    case diligence
    /// Anyone may have it anyway.
    case publiclyAvailable = "publicly-available"
    /// An assessment was filed with the authority.
    case assessment
    /// The authority approved, before.
    case approval
    /// An authority named this transfer: a direction, an agreement between agencies, another legal gateway.
    case grant
    /// Whoever asks is identified.
    case identification
    /// Nobody gets it there: it only passes through.
    case inTransit = "in-transit"
}
