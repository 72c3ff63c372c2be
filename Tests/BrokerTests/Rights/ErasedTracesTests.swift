import ContextModel
import Foundation
import Governance
import Storage
import Testing

@testable import Broker

/// What the files of a hub hold of a person whose data was erased.
///
/// SQLite overwrites what is removed, but not the unused middle of a page out of which it has moved rows to
/// another page; what is there is not looked at (docs/decisions/0094-what-stays-and-what-goes.md).
@Suite struct ErasedTracesTests {
    private static let me = Caller(party: .anonymous, subject: Ward.siti)

    /// A ward on disk whose pages were split and freed, with visits of both persons.
    private static func usedWard() async throws -> Ward {
        let ward = try await Ward(onDisk: true).filled()
        for round in 1...4 {
            for number in 0..<24 {
                let patient = number % 2 == 0 ? Ward.siti : Ward.budi
                let letters = 40 * round * (number % 7 == 0 ? 60 : 1)
                try await ward.write(
                    "urn:visit:round\(number)",
                    of: patient,
                    String(repeating: "note on \(patient.uri); ", count: letters / 20)
                )
            }
        }
        return ward
    }

    @Test func `no file has anything of what was erased`() async throws {
        let ward = try await Self.usedWard()
        // Removed before, by somebody else.
        try await ward.write("urn:visit:gone", of: Ward.siti, "once")
        try await ward.hub.writing.deleteEntity(EntityID("urn:visit:gone"), caller: Ward.boss)
        #expect(try ward.traces(of: Ward.siti) > 0 && ward.traces(of: Ward.budi) > 0)
        let erased = try await ward.hub.governing.eraseData(about: Ward.siti, caller: Self.me)
        #expect(erased.entities > 12)
        #expect(try ward.traces(of: Ward.siti) == 0)
        #expect(try ward.traces(of: Ward.budi) > 0)
        // It is as complete while others go on, and when a part is erased again.
        try await ward.write("urn:visit:new", of: Ward.siti, "again")
        async let others: Void = {
            for number in 0..<50 {
                try await ward.write("urn:visit:o\(number)", of: Ward.budi, "x")
            }
        }()
        _ = try await ward.hub.governing.eraseData(about: Ward.siti, caller: Self.me)
        #expect(try ward.traces(of: Ward.siti) == 0)
        try await others
    }

    @Test func `notifications that were given up go, if they tell of the person`() async throws {
        let ward = try await Self.usedWard()
        let store = try #require(try await ward.fixture.store.tenant(nil))
        for (name, patient) in [("1", Ward.siti), ("2", Ward.budi)] {
            let id = EntityID("urn:visit:" + name)
            let entity = try await ward.hub.reading.retrieveEntity(id, caller: Ward.clinic).entity
            let message = NotificationMessage(
                entity: try entity.value(),
                deletedAt: nil,
                events: ChangeEvents(entity: .entityCreated, attributes: [:])
            )
            let letter = DeadLetter(
                OutboxMessage(
                    sequence: 1,
                    recipients: [],
                    body: message.head + EntityCodec.encode(message.entity),
                    enqueuedAt: Timestamp(microseconds: 0)
                ),
                to: "of:\(patient.uri.suffix(4))",
                abandonedAt: Timestamp(microseconds: 1),
                reason: "away"
            )
            try await store.changeDocuments(reading: []) { $0.put(letter.document) }
        }
        // The letters are what is left of them.
        try await ward.hub.writing.deleteEntity(EntityID("urn:visit:1"), caller: Ward.boss)
        _ = try await ward.hub.governing.eraseData(about: Ward.siti, caller: Self.me)
        let left = try await store.documents(.deadLetter).compactMap { DeadLetter($0) }
        #expect(left.map(\.subscription) == ["of:budi"])
        #expect(try ward.traces(of: Ward.siti) == 0)
    }
}

extension Ward {
    /// Makes a visit, or writes it anew.
    fileprivate func write(_ id: String, of patient: SubjectID, _ reason: String) async throws {
        let visit: JSONValue = [
            "id": .string(id), "type": "Visit",
            "patient": ["type": "Relationship", "object": .string(patient.uri)],
            "reason": .string(reason),
        ]
        let report = try await hub.writing.batch(
            .upsert(replaces: true),
            [(json: visit, ld: LDContext.core)],
            caller: Ward.boss
        )
        #expect(report.errors.isEmpty)
    }

    /// How many files of the hub have the person's name, as it is or as dead letters have it.
    fileprivate func traces(of person: SubjectID) throws -> Int {
        let names = [person.uri, Hexadecimal.text(of: Array(person.uri.utf8))]
        var count = 0
        let files = try #require(FileManager.default.enumerator(atPath: fixture.folder))
        for case let file as String in files {
            guard var bytes = FileManager.default.contents(atPath: "\(fixture.folder)/\(file)")
            else { continue }
            if bytes.starts(with: Self.databaseStart) { Self.clearUnusedMiddles(of: &bytes) }
            if names.contains(where: { bytes.range(of: Data($0.utf8)) != nil }) { count += 1 }
        }
        return count
    }
    private static let databaseStart = Array("SQLite format 3\0".utf8)

    /// Sets what is between the list of a page's rows and the rows to zero, in each page that has rows
    /// (SQLite's file format, 1.6).
    private static func clearUnusedMiddles(of file: inout Data) {
        func number(at place: Int) -> Int { Int(file[place]) << 8 | Int(file[place + 1]) }
        let pageSize = number(at: 16)
        for page in stride(from: 0, to: file.count, by: pageSize) {
            let head = page == 0 ? 100 : page
            guard let length = headLengths[file[head]] else { continue }
            let first = head + length + 2 * number(at: head + 3)
            let end = page + number(at: head + 5)
            file.resetBytes(in: first..<end)
        }
    }

    /// Kinds of pages that have rows, or keys of an index, and the bytes of their heads.
    private static let headLengths: [UInt8: Int] = [2: 12, 5: 12, 10: 8, 13: 8]
}
