import Testing

@testable import Broker

@Suite struct FollowedTenantTests {
    @Test func `a round serves all who entered before it begins`() {
        var tenant = FollowedTenant()
        _ = tenant.enter(with: nil)
        _ = tenant.enter(with: nil)
        #expect(tenant.begin().asks)
        tenant.end(hasFailed: false)
        #expect(!tenant.begin().asks)
    }

    @Test func `a caller who entered before a round that fails is served by the next one`() {
        var tenant = FollowedTenant()
        _ = tenant.enter(with: nil)
        _ = tenant.enter(with: nil)
        #expect(tenant.begin().asks)
        tenant.end(hasFailed: true)
        #expect(tenant.isBehind)
        #expect(tenant.begin().asks)
        tenant.end(hasFailed: false)
        #expect(!tenant.isBehind && tenant.current == nil)
    }
}

extension FollowedTenant.Step {
    fileprivate var asks: Bool { if case .ask = self { true } else { false } }
}
