using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>
/// The size that a recipe is to reach. Candidates are not trained, and take the way that quantisation found for the first of them; what is
/// chosen is built in full, and may take more bytes in its codes: then the recipe chooses anew for as much less as that added.
/// </summary>
/// <param name="item">The item.</param>
internal sealed class SizeTarget(ModelOptions item)
{
    // A new choice for each of two misses; what then is too large is for the budget to say.
    private const int MostChoices = 3;

    // Steps of a search are not fine enough to reach a size to the byte.
    private const double Margin = 0.99;

    private readonly List<string> _notes = [];
    private int _choices;
    private string _last = "";

    /// <summary>What the recipe is to reach, in bytes; null where the item asks for no size.</summary>
    public long? Bytes { get; private set; } = item.MaxSize;

    /// <summary>What was missed, for the report.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Whether the recipe has to choose again, for <see cref="Bytes"/>, which is less by then.</summary>
    /// <param name="recipe">What the recipe notes: last what it chose; empty where it was no search.</param>
    /// <param name="measured">The size with which it was chosen; null where none was measured.</param>
    /// <param name="built">Gives the size of the weights as they are built.</param>
    public bool IsMissed(IReadOnlyList<string> recipe, long? measured, Func<long> built)
    {
        // What could not be reached by any candidate is no miss.
        bool isTarget = item.Compression == CompressionRecipe.Smallest || item.Precision == ModelPrecision.Mixed;
        if (!isTarget || recipe.Count == 0 || item.MaxSize is not { } most || Bytes is not { } target
            || measured is not { } size || size > target || ++_choices >= MostChoices || recipe[^1] == _last)
            return false;
        long bytes = built();
        if (bytes <= most)
            return false;
        _last = recipe[^1];
        Bytes = Math.Min((long)Math.Round(target * (most / (double)bytes) * Margin), target - 1);
        _notes.Add(FormattableString.Invariant($"{bytes:N0} bytes as built instead of {most:N0}: chosen again for {Bytes:N0}"));
        return true;
    }
}
