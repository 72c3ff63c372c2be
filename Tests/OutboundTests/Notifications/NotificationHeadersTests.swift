import Broker
import Clauses
import ContextModel
import Governance
import Testing

@testable import Outbound

/// Senders add the headers of notifications.
@Suite(.clause("6.3.9")) struct NotificationHeadersTests {
    private static let contextURL = "https://city.example/c.jsonld"

    private func headers(_ change: (inout NotificationRequest) -> Void) -> [String] {
        var request = NotificationRequest(
            url: "http://r.example/",
            body: [],
            timeoutMilliseconds: 1,
            party: .operator
        )
        change(&request)
        return request.headers.map { "\($0.key): \($0.value)" }
    }

    @Test func `the headers name the media type and the @context`() {
        let link = LinkHeader.value(for: Self.contextURL)
        #expect(
            headers { $0.contextURL = Self.contextURL } == [
                "Content-Type: application/json", "Link: \(link)",
            ]
        )
        #expect(headers { $0.mediaType = .geoJSON } == ["Content-Type: application/geo+json"])
    }

    @Test(.clause("6.3.14", "6.3.22"))
    func `the headers name the tenant, and for a snapshot its tenant and identifier`() {
        #expect(headers { $0.tenant = TenantName("north") }.last == "NGSILD-Tenant: north")
        func snapshot(_ tenant: TenantName?) -> [String] {
            headers {
                $0.tenant = TenantName(
                    snapshotFile: "f",
                    of: SnapshotOrigin(tenant: tenant, id: "urn:x:s")
                )
            }
        }
        #expect(snapshot(nil).dropFirst() == ["NGSILD-Snapshot: urn:x:s"])
        #expect(
            snapshot(TenantName("north")).dropFirst() == [
                "NGSILD-Tenant: north", "NGSILD-Snapshot: urn:x:s",
            ]
        )
    }

    @Test func `the receiver's own pairs follow, and replace no header of the hub`() {
        let pairs = ["X-Area", "ngsild-tenant", "content-type", "Link"].map {
            KeyValuePair(key: $0, value: "mine")
        }
        let all = headers {
            $0.receiverInfo = pairs
            $0.tenant = TenantName("north")
        }
        #expect(
            all == [
                "Content-Type: application/json", "NGSILD-Tenant: north", "X-Area: mine",
                "Link: mine",
            ]
        )
    }
}
