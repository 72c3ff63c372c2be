import ContextModel
import HubNetwork

/// Objects of STIX as cities write them.
enum SampleReport {
    static let id = "sighting--b0702b4c-3b34-4dd5-83a4-3e5c9fb6c286"
    static let indicator = "indicator--165bea92-fa7a-4b01-81e7-553376045ad1"

    /// A sighting; `subject` is what it wants suspended.
    static func sighting(
        _ id: String = id,
        subject: ReportedSubject? = nil,
        modified: Timestamp = SampleHub.moment,
        isRevoked: Bool = false
    ) -> JSONObject {
        var object: JSONObject = [
            "type": "sighting", "spec_version": "2.1", "id": .string(id),
            "created": .string(SampleHub.moment.text), "modified": .string(modified.text),
            "sighting_of_ref": .string(indicator),
        ]
        if isRevoked { object["revoked"] = true }
        if let subject {
            object["extensions"] = [
                STIXClaim.extensionID: [
                    "extension_type": "property-extension", "subject": .object(subject.json),
                ]
            ]
        }
        return object
    }
}
