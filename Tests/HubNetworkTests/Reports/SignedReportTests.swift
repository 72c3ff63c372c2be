import ContextModel
import Testing

@testable import HubNetwork

/// Reports that hubs sign: who says them is known whoever passes them on.
struct SignedReportTests {
    private func signed(_ hub: SampleHub) throws -> SignedReport {
        let subject = ReportedSubject(.key, MemberID(firstKey: MemberKey().id), "a")
        let object = try STIXObject(.object(SampleReport.sighting(subject: subject)))
        return try SignedReport(object, by: hub.description.id, with: hub.key)
    }

    private func directory(
        _ hub: SampleHub,
        _ standing: MemberStanding = .admitted
    ) throws
        -> NetworkDirectory
    {
        NetworkDirectory([Membership(try hub.dossier, standing, since: SampleHub.moment)])
    }

    @Test("what a member signed is its own after it was written and read")
    func passedOn() throws {
        let hub = try SampleHub()
        let bytes = JSONValue.object(try signed(hub).object.json).serialized
        let read = try SignedReport(try STIXObject(try JSONReader.read(bytes)))
        #expect(read.hub == hub.description.id)
        try directory(hub).verify(read, at: SampleHub.moment)
        // Whoever signs it again says the same with one signature.
        let again = try SignedReport(read.object, by: hub.description.id, with: hub.key)
        #expect(again.object.unsigned == read.object.unsigned)
    }

    @Test("what was changed, or said in another's name, is worth nothing")
    func forged() throws {
        let (hub, other) = (try SampleHub(), try SampleHub("Evil", address: "https://evil.example"))
        let json = try signed(hub).object.json
        var revoked = json
        revoked["revoked"] = true
        var later = json
        later["modified"] = .string(SampleHub.after(days: 1).text)
        for changed in [revoked, later] {
            #expect(throws: STIXError.self) {
                try SignedReport(try STIXObject(.object(changed)))
            }
        }
        // Another hub signs in the name of the first.
        let inOthersName = try SignedReport(
            try STIXObject(.object(SampleReport.sighting())),
            by: hub.description.id,
            with: other.key
        )
        #expect(throws: STIXError.self) {
            try directory(hub).verify(inOthersName, at: SampleHub.moment)
        }
        // A name is not put before another's signature.
        guard var claim = json["extensions"]?.objectValue?[STIXClaim.extensionID]?.objectValue
        else { return #expect(Bool(false)) }
        claim["said_by"] = .string(other.description.id.text)
        var renamed = json
        renamed["extensions"] = [STIXClaim.extensionID: .object(claim)]
        #expect(throws: STIXError.self) { try SignedReport(try STIXObject(.object(renamed))) }
        #expect(throws: STIXError.self) {
            try SignedReport(try STIXObject(.object(SampleReport.sighting())))
        }
    }

    @Test("strangers, suspended members and keys that are over say nothing")
    func standing() throws {
        let hub = try SampleHub()
        let report = try signed(hub)
        for standing in [MemberStanding.known, .suspended] {
            #expect(throws: STIXError.self) {
                try directory(hub, standing).verify(report, at: SampleHub.moment)
            }
        }
        #expect(throws: STIXError.self) {
            try NetworkDirectory().verify(report, at: SampleHub.moment)
        }
        #expect(throws: STIXError.self) {
            try directory(hub).verify(report, at: SampleHub.after(days: 400))
        }
        let period = SampleHub.moment..<SampleHub.after(days: 1)
        for subject in [
            ReportedSubject(.member, hub.description.id),
            ReportedSubject(.key, hub.description.id, hub.key.id),
        ] {
            let suspension = Suspension(subject, period, reason: "test")
            #expect(throws: STIXError.self) {
                try directory(hub).suspending([suspension]).verify(report, at: SampleHub.moment)
            }
        }
        // The same key of another hub, and another key, are others.
        for subject in [
            ReportedSubject(.key, MemberID(firstKey: MemberKey().id), hub.key.id),
            ReportedSubject(.key, hub.description.id, MemberKey().id),
        ] {
            let suspension = Suspension(subject, period, reason: "test")
            try directory(hub).suspending([suspension]).verify(report, at: SampleHub.moment)
        }
    }
}
