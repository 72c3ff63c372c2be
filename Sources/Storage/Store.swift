package import ContextModel

/// The stores of all tenants of a hub.
package protocol Store: Sendable {
    /// The tenant's store, or nil when there is no such tenant; `nil` names the default tenant,
    /// which always exists.
    func tenant(_ name: TenantName?) async throws -> (any TenantStore)?
    /// The tenant's store, made now if need be (clause 4.14: a tenant exists once written to).
    func makeTenant(_ name: TenantName?) async throws -> any TenantStore
    /// The names of all tenants but the default one.
    var tenantNames: [TenantName] { get async }
    /// Waits for accepted writes, then closes the files.
    func close() async
}
