import Foundation
import Record

extension SettingsReader {
    /// What `witnesses` says.
    mutating func witnesses(names: [String]) -> [AskedWitness] {
        var witnesses: [AskedWitness] = []
        for name in names {
            let section = "witnesses.\(name)"
            guard let key = key("witnesses", name, of: "witness", .cosignature) else { continue }
            guard let url = text("witnesses", name, "url"),
                url.hasPrefix("https://") || url.hasPrefix("http://"), URL(string: url) != nil
            else {
                findings.append("\(section).url must be an http or https URL.")
                continue
            }
            let prefix = url.hasSuffix("/") ? String(url.dropLast()) : url
            guard let witness = AskedWitness(key: key, url: prefix) else { continue }
            if witnesses.contains(where: { $0.key.name == key.name }) {
                findings.append("witnesses: two are called \(key.name).")
            }
            witnesses.append(witness)
        }
        return witnesses
    }

    /// What `followedRecords` says.
    mutating func followedRecords(names: [String]) -> [NoteKey] {
        var keys: [NoteKey] = []
        for name in names {
            guard let key = key("followedRecords", name, of: "record", .note) else { continue }
            let origin = text("followedRecords", name, "origin")
            if let origin, origin != key.name {
                findings.append(
                    "followedRecords.\(name).origin: the key is of \(key.name), not of \(origin)."
                )
            }
            keys.append(key)
        }
        return keys
    }

    /// A key as `balai record key` prints it; a finding where it is none, or none of this purpose.
    private mutating func key(
        _ section: String,
        _ name: String,
        of owner: String,
        _ purpose: NoteKey.Purpose
    ) -> NoteKey? {
        let place = "\(section).\(name).key"
        guard let text = text(section, name, "key") else {
            findings.append("\(place) must be set: the public key of the \(owner).")
            return nil
        }
        do throws(ProofError) {
            let key = try NoteKey(text)
            if key.purpose == purpose { return key }
            findings.append("\(place): this is no key of a \(owner).")
        } catch {
            findings.append("\(place): \(error.message)")
        }
        return nil
    }
}
