/// The tiles of another hub's record at one size, fetched as a computation needs them.
struct FetchedTiles {
    /// Tiles that a comparison fetches at most: a proof needs two of each level.
    static let maximumTiles = 256

    let tree: Checkpoint
    private var tiles: [Tile: [TreeHash]] = [:]
    private let fetch: (Tile) async throws -> [UInt8]

    init(of tree: Checkpoint, fetch: @escaping (Tile) async throws -> [UInt8]) {
        self.tree = tree
        self.fetch = fetch
    }

    /// The root that the tree had at the size, proved by what is fetched.
    ///
    /// Throws `ProofError.notInTree` where what is fetched is not the tree's, and what `fetch` throws.
    mutating func root(at size: Int) async throws -> TreeHash {
        guard size > 0, size < tree.size else { return size == 0 ? .empty : tree.root }
        let root = try await computing { read in
            var old = TiledTree(size: size, read: read)
            return try old.root()
        }
        let proof = try await computing { [tree] read in
            var new = TiledTree(size: tree.size, read: read)
            return try new.consistency(from: size)
        }
        let isProved = TreeProofs.isConsistent(
            old: (size, root),
            new: (tree.size, tree.root),
            proof: proof
        )
        guard isProved else {
            throw ProofError(
                .notInTree,
                "The tiles of \(tree.origin) are not those of its \(tree.size) entries."
            )
        }
        return root
    }

    private struct MissingTile: Error { let tile: Tile }

    /// Computes from the start again whenever a tile is missing.
    private mutating func computing<Answer>(
        _ body: (_ read: @escaping (Int, Int) throws -> [TreeHash]) throws -> Answer
    ) async throws -> Answer {
        while true {
            let (known, size) = (tiles, tree.size)
            do {
                return try body { level, index in
                    let content = Tile.Content.hashes(level: level)
                    let width = Tile.width(content, index: index, size: size)
                    let tile = Tile(content, index: index, width: width)
                    guard let hashes = known[tile] else { throw MissingTile(tile: tile) }
                    return hashes
                }
            } catch let missing as MissingTile {
                guard tiles.count < Self.maximumTiles,
                    let hashes = TreeHash.hashes(in: try await fetch(missing.tile)),
                    hashes.count == missing.tile.width
                else {
                    throw ProofError(
                        .malformed,
                        "\(tree.origin) has no tile \(missing.tile.path) of \(missing.tile.width)."
                    )
                }
                tiles[missing.tile] = hashes
            }
        }
    }
}
