package import Broker
package import ContextModel

extension NotificationRequest {
    /// What is sent beside the body: headers over HTTP (clause 6.3.9), metadata over MQTT (clause
    /// 7.2).
    ///
    /// The receiver's own pairs do not replace those of the hub.
    package var headers: [KeyValuePair] {
        var headers = [KeyValuePair(key: "Content-Type", value: mediaType.rawValue)]
        if let contextURL {
            headers.append(KeyValuePair(key: "Link", value: LinkHeader.value(for: contextURL)))
        }
        if let tenant { headers += tenant.headers }
        let own = Set(headers.map { $0.key.lowercased() })
        return headers + receiverInfo.filter { !own.contains($0.key.lowercased()) }
    }
}

extension TenantName {
    /// The headers that name the tenant or snapshot (clauses 6.3.14 and 6.3.22).
    fileprivate var headers: [KeyValuePair] {
        guard let snapshot else { return [KeyValuePair(key: "NGSILD-Tenant", value: text)] }
        let tenant = snapshot.tenant.map { KeyValuePair(key: "NGSILD-Tenant", value: $0) }
        return [tenant, KeyValuePair(key: "NGSILD-Snapshot", value: snapshot.id)].compactMap { $0 }
    }
}
