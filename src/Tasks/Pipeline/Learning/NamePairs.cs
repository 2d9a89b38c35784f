using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Onnx;

namespace OptimizerBuild.Pipeline.Learning;

/// <summary>Which input or output of one model stands for which of another one.</summary>
internal static class NamePairs
{
    /// <summary>
    /// The names of one model in the order of those of another one: by name where both have the same names, else by position.
    /// </summary>
    /// <param name="own">The names of the one model.</param>
    /// <param name="others">The names of the other one.</param>
    public static ImmutableArray<string> InOrderOf(ImmutableArray<string> own, ImmutableArray<string> others) =>
        own.Length == others.Length && own.ToHashSet(StringComparer.Ordinal).SetEquals(others) ? others : own;

    /// <summary>What the user settles about a model's inputs, said of the inputs of another file that stand for them.</summary>
    /// <param name="settings">What is settled.</param>
    /// <param name="model">The model's file.</param>
    /// <param name="file">The other file.</param>
    /// <param name="cancellation">Stops the reading of the files.</param>
    /// <exception cref="ModelException">A file is no model.</exception>
    public static ImportOptions Renamed(ImportOptions settings, string model, string file, CancellationToken cancellation)
    {
        if (settings.Shapes.IsEmpty && settings.Constants.IsEmpty && settings.StateInputs.IsEmpty)
            return settings;
        ImmutableArray<string> names = OnnxImporter.InputNames(model, cancellation), others = OnnxImporter.InputNames(file, cancellation);
        others = InOrderOf(others, names);
        return settings with
        {
            Shapes = settings.Shapes.ToImmutableSortedDictionary(s => Renamed(s.Key), s => s.Value, StringComparer.Ordinal),
            Constants = settings.Constants.ToImmutableSortedDictionary(c => Renamed(c.Key), c => c.Value, StringComparer.Ordinal),
            StateInputs = settings.StateInputs.Select(Renamed).ToImmutableSortedSet(StringComparer.Ordinal),
        };

        // Elements of a sequence have its name with their number behind it.
        string Renamed(string key)
        {
            int place = names.IndexOf(key), end = key.LastIndexOf('_');
            return place >= 0 ? place < others.Length ? others[place] : key
                : end > 0 && names.IndexOf(key[..end]) is >= 0 and var sequence && sequence < others.Length ? others[sequence] + key[end..]
                : key;
        }
    }
}
