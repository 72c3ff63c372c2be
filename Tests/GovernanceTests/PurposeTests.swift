import Testing

@testable import Governance

@Suite struct PurposeTests {
    @Test(
        arguments: [
            "dpv:DirectMarketing", "https://w3id.org/dpv#DirectMarketing", "DirectMarketing",
        ]
    )
    func `three spellings mean one purpose`(text: String) {
        let purpose = Purpose(text)
        #expect(purpose == Purpose("dpv:DirectMarketing"))
        #expect(purpose.text == "dpv:DirectMarketing")
        #expect(purpose.iri == "https://w3id.org/dpv#DirectMarketing")
        #expect(purpose.isKnown)
    }

    @Test(
        arguments: [
            ("dpv:Gossip", "dpv:Gossip"), ("Gossip", "dpv:Gossip"),
            ("dpv:directmarketing", "dpv:directmarketing"),
            ("https://city.example/purposes#Marketing", "https://city.example/purposes#Marketing"),
            ("xdpv:Marketing", "xdpv:Marketing"), ("dpv:dpv:Marketing", "dpv:dpv:Marketing"),
            ("dpv:", "dpv:"), ("", ""), ("dpv:Sector", "dpv:Sector"),
        ]
    )
    func `an unknown purpose is kept as unknown`(text: String, kept: String) {
        #expect(!Purpose(text).isKnown)
        #expect(Purpose(text).text == kept)
    }

    @Test func `a purpose is as narrow as itself and narrower than all above it`() {
        let narrow = Purpose("dpv:TargetedAdvertising")
        let wider = ["TargetedAdvertising", "PersonalisedAdvertising", "Advertising", "Marketing"]
        for name in wider + ["Personalisation", "Purpose"] {
            #expect(narrow.isOrNarrower(than: Purpose(name)), "\(name)")
        }
        for name in ["PublicBenefit", "DirectMarketing", "RecruitmentTargetedAdvertising"] {
            #expect(!narrow.isOrNarrower(than: Purpose(name)), "\(name)")
        }
        #expect(!Purpose("Marketing").isOrNarrower(than: narrow))
    }

    @Test func `an unknown purpose is narrower than no other`() {
        let unknown = Purpose("dpv:Gossip")
        #expect(!unknown.isOrNarrower(than: Purpose("dpv:Purpose")))
        #expect(!unknown.isOrNarrower(than: Purpose("dpv:Gossip2")))
        #expect(!Purpose("dpv:Marketing").isOrNarrower(than: unknown))
        #expect(unknown.isOrNarrower(than: unknown))
    }

    @Test func `each purpose of the table is known and narrower than Purpose`() {
        let names = PurposeTaxonomy.shared.names
        #expect(names.count == 123)
        for name in names {
            #expect(Purpose(name).isKnown)
            #expect(Purpose(name).isOrNarrower(than: Purpose("dpv:Purpose")), "\(name)")
        }
    }

    @Test func `the operator is an admin by itself, and others by their tokens`() {
        #expect(Caller(party: .operator).roles == .admin)
        #expect(Caller(party: .anonymous).roles.isEmpty)
        #expect(Caller(party: .named(PartyID("urn:x:clinic"))).roles.isEmpty)
        #expect(Caller(party: .named(PartyID("urn:x:clinic")), roles: .admin).roles == .admin)
        #expect(Roles.admin.names == ["admin"])
        #expect(Roles().names.isEmpty)
    }
}
