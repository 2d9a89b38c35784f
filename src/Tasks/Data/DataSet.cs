using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>A named array of a data set; its first dimension counts the samples (or the rows of samples of a batch model).</summary>
/// <param name="Name">The array's name.</param>
/// <param name="Value">The elements.</param>
internal sealed record NamedArray(string Name, Tensor Value);

/// <summary>Data to calibrate or evaluate with, as it stands in the files: nothing in it knows the model yet.</summary>
/// <param name="Source">What the data is called in messages: the specification as the user wrote it.</param>
/// <param name="Arrays">The arrays in the order of the files; names are unique.</param>
/// <param name="LabelName">The name of the array that holds labels or targets; there may be none of that name.</param>
internal sealed record DataSet(string Source, ImmutableArray<NamedArray> Arrays, string LabelName)
{
    /// <summary>The name that labels and targets have unless the user says otherwise.</summary>
    public const string DefaultLabelName = "y";

    // What labels are called where nobody says so, most usual first.
    private static readonly string[] UsualLabelNames = [DefaultLabelName, "label", "labels", "target", "targets", "class", "classes"];

    /// <summary>The name of the array that holds the labels: the user's, else a usual one that is there.</summary>
    /// <param name="key">The user's choice, or null.</param>
    /// <param name="arrays">The arrays.</param>
    public static string NameOfLabels(string? key, IReadOnlyList<NamedArray> arrays) => key
        ?? UsualLabelNames.Select(n => arrays.FirstOrDefault(a => string.Equals(a.Name, n, StringComparison.OrdinalIgnoreCase))?.Name)
            .FirstOrDefault(n => n is not null)
        ?? DefaultLabelName;

    /// <summary>
    /// All columns of a table, the presumed label column among them; null for other files. A table whose last column is no label
    /// (calibration data need none) fits a model only as a whole.
    /// </summary>
    public Tensor? Table { get; init; }

    /// <summary>The names of the classes that labels are numbers of, in order, where files say them; empty where not.</summary>
    public ImmutableArray<string> ClassNames { get; init; } = [];

    /// <summary>Labels or targets, one row a sample; null where the data has none.</summary>
    public Tensor? Labels => Find(LabelName);

    /// <summary>The array of a name, or null.</summary>
    public Tensor? Find(string name)
    {
        foreach (NamedArray array in Arrays)
            if (array.Name == name)
                return array.Value;
        return null;
    }

    /// <summary>For example <c>x uint8[3000,28,28], y uint8[3000]</c>: what messages say was found.</summary>
    public string Describe() => Arrays.IsEmpty ? "no arrays" : string.Join(", ", Arrays.Select(a => $"{a.Name} {a.Value.Type}"));
}
