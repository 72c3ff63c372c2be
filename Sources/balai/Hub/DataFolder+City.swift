import Broker
import ContextModel
import Foundation
import Gateway

extension DataFolder {
    /// What the operator said of the city on the page of the first run.
    var cityPath: String { path + "/city.json" }

    /// What is kept of the city, and where a change of it is kept.
    func keptCity() throws -> KeptCity {
        let file = cityPath
        var profile: CityProfile?
        if let data = FileManager.default.contents(atPath: file) {
            do { profile = try CityProfile(JSONReader.read(Array(data))) } catch {
                throw StartError(
                    .usage,
                    "\(file) is damaged: \(error) Remove it, and say again which city it is."
                )
            }
        }
        return KeptCity(profile) { json in
            let new = file + ".new"
            try DataFolder.write(json.text + "\n", toNewFile: new)
            guard rename(new, file) == 0 else {
                throw StartError(.folder, "\(file) cannot be written.")
            }
        }
    }
}
