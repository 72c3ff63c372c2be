import ContextModel
import Governance
import Storage
import StoreDoubles
import Testing

@testable import Broker

/// Somebody objects during a download: it goes on without what is about that person.
@Suite struct DownloadObjectionTests {
    /// What is downloaded.
    enum Download: CaseIterable {
        case entities, histories

        private static let visits = Condition.type(LDContext.core.expand("Visit"))

        /// The identifiers that each batch has; `before` is done before each.
        func read(_ ward: Ward, _ before: () async throws -> Void) async throws -> [Set<String>] {
            let reading = ward.hub.reading
            var all: [Set<String>] = []
            switch self {
            case .entities:
                var batches = try await reading.batches(
                    of: EntityQuery(condition: Self.visits, limit: 1),
                    isWhole: true,
                    shownAs: Representation(),
                    caller: Ward.clinic
                )
                try await before()
                while let batch = try await batches.next() {
                    all.append(Set(try batch.page.decoded().entities.map(\.id.uri)))
                    try await before()
                }
            case .histories:
                let query = TemporalQuery(
                    condition: Self.visits,
                    timeProperty: .modifiedAt,
                    instanceLimit: 10,
                    limit: 1
                )
                var batches = try await reading.batches(
                    of: query,
                    isWhole: true,
                    showsPlaces: false,
                    caller: Ward.clinic
                )
                try await before()
                while let batch = try await batches.next() {
                    all.append(Set(batch.evolutions.map(\.id.uri)))
                    try await before()
                }
            }
            return all
        }
    }

    @Test(arguments: Download.allCases)
    func `a batch that somebody objects to while it is read is read again`(
        download: Download
    ) async throws {
        let ward = try await Ward().filled()
        var isFirst = true
        let batches = try await download.read(ward) {
            if isFirst { ward.record.meanwhile { try await ward.choose("object") } }
            isFirst = false
        }
        #expect(batches.reduce([]) { $0.union($1) } == ["urn:visit:2"])
    }

    @Test func `a download ends where somebody objects during each attempt`() async throws {
        let ward = try await Ward().filled()
        let people = (0..<12).map { SubjectID("urn:person:\($0)") }
        for (number, person) in people.enumerated() {
            try await ward.make(ward.visit("more\(number)", of: person))
        }
        await objecting(people[...], ward)
        let refused = await #expect(throws: BrokerError.self) {
            _ = try await Download.entities.read(ward) {}
        }
        #expect(refused?.code == .conflict)
    }

    /// Lets the next person object to each answer that is being recorded.
    private func objecting(_ people: ArraySlice<SubjectID>, _ ward: Ward) async {
        guard let person = people.last else { return }
        ward.record.meanwhile {
            try await ward.choose("object", person)
            await self.objecting(people.dropLast(), ward)
        }
    }
}
