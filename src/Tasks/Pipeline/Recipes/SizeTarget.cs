using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>
/// The size that a recipe is to reach where training follows. Candidates are not trained, and trained weights may take more bytes in their
/// codes: then the recipe chooses anew for as much less as training added.
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
    /// <param name="trained">Gives the size of the weights after training.</param>
    public bool IsMissed(IReadOnlyList<string> recipe, Func<long> trained)
    {
        bool isTarget = item.Compression == CompressionRecipe.Smallest || item.Precision == ModelPrecision.Mixed;
        if (!item.Recovery || !isTarget || recipe.Count == 0 || item.MaxSize is not { } most || Bytes is not { } target
            || ++_choices >= MostChoices || recipe[^1] == _last)
            return false;
        long bytes = trained();
        if (bytes <= most)
            return false;
        _last = recipe[^1];
        Bytes = Math.Min((long)Math.Round(target * (most / (double)bytes) * Margin), target - 1);
        _notes.Add(FormattableString.Invariant($"{bytes:N0} bytes after training instead of {most:N0}: chosen again for {Bytes:N0}"));
        return true;
    }
}
