import Borders
import ContextModel
import Governance
import HubNetwork

extension Networking {
    /// What may not cross the border to a hub that asks, by the rules in force now, and not by any exemption either.
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
        var barred: Set<BarredData> = []
        for kind in BarredData.Kind.allCases where kind != .public {
            for sector in ControllerKind.Sector.allCases {
                guard let own, way.count == asked.count + 1 else {
                    barred.insert(BarredData(kind, of: sector))
                    continue
                }
                // The question came from the first of the way; what answers it goes back.
                let question = BorderQuestion(
                    from: own,
                    to: way[0],
                    via: way.dropFirst().reversed(),
                    category: DataCategory(kind),
                    controller: ControllerSector(sector),
                    date: now.date
                )
                let isAllowed =
                    borders.verdict(on: question).isAllowed
                    || isExempted(question, [member.id] + requester.through, purpose, at: now)
                if !isAllowed { barred.insert(BarredData(kind, of: sector)) }
            }
        }
        return barred
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
