namespace OptimizerBuild.Lowering.Int8;

/// <summary>The outputs of a Winograd window in a row and in a column: 2 or 4, or 0 for the direct form.</summary>
/// <param name="Tile">On processors without VNNI.</param>
/// <param name="VnniTile">On processors with AVX-512 VNNI.</param>
internal readonly record struct WinogradTiles(int Tile, int VnniTile)
{
    /// <summary>Whether all processors take the direct form.</summary>
    public bool IsDirect => Tile == 0 && VnniTile == 0;
}
