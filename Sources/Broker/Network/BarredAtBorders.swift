import Borders
import ContextModel
import Governance
import HubNetwork

extension Networking {
    /// What neither the rules in force now nor an exemption let cross the border to a hub that asks.
    ///
    /// What is public is never barred: who may have it anyway needs no hub to carry it over the border.
    ///
    /// The data would be held in each state that the question came through. A hub on the way that is not known here may be
    /// anywhere, so it gets what is public. An exemption counts for its participants, of which the hub that signed is to be
    /// one, as is each on the way, its purpose and its time.
    func barred(
        from member: Membership,
        _ requester: Requester,
        _ purpose: String?,
        _ directory: NetworkDirectory,
        at now: Timestamp
    ) -> Set<BarredData> {
        let own = ownID.flatMap { directory.members[$0]?.dossier.newest.state }
        let asked = requester.through.map { directory.members[$0]?.dossier.newest.state }
        let way = asked.compactMap { $0 } + [member.dossier.newest.state]
        let data = BarredData.Kind.allCases.filter { $0 != .public }
            .flatMap { kind in ControllerKind.Sector.allCases.map { BarredData(kind, of: $0) } }
        guard let own, way.count == asked.count + 1 else { return Set(data) }
        let hubs = [member.id] + requester.through
        return Set(
            data.filter { data in
                // The question came from the first of the way; what answers it goes back.
                let question = BorderQuestion(
                    from: own,
                    to: way[0],
                    via: way.dropFirst().reversed(),
                    category: DataCategory(data.kind),
                    controller: ControllerSector(data.sector),
                    date: now.date
                )
                return !borders.verdict(on: question).isAllowed
                    && !isExempted(question, hubs, purpose, at: now)
            }
        )
    }

    private func isExempted(
        _ question: BorderQuestion,
        _ hubs: [MemberID],
        _ purpose: String?,
        at now: Timestamp
    ) -> Bool {
        guard let purpose, borders.pilotRule(from: question.source, on: now.date) != nil else {
            return false
        }
        return keptExemptions.contains { exemption in
            hubs.allSatisfy {
                exemption.covers(question, party: $0.text, purpose: purpose, at: now)
            }
        }
    }
}

extension DataCategory {
    fileprivate init(_ kind: BarredData.Kind) {
        switch kind {
        case .public: self = .public
        case .internal: self = .internal
        case .personal: self = .personal
        case .sensitive: self = .sensitive
        }
    }
}

extension ControllerSector {
    fileprivate init(_ sector: ControllerKind.Sector) {
        switch sector {
        case .public: self = .public
        case .private: self = .private
        case .nonprofit: self = .ngo
        }
    }
}
