using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx;

/// <summary>What the user settles about a model that the file leaves open.</summary>
internal sealed record ImportOptions
{
    /// <summary>Nothing settled: leading dimensions become 1.</summary>
    public static ImportOptions Default { get; } = new();

    /// <summary>
    /// Dimensions of inputs by input name, those of a sequence's elements by their own names. The default array says that a sequence is
    /// empty, or that an optional value is absent.
    /// </summary>
    public ImmutableSortedDictionary<string, ImmutableArray<int>> Shapes { get; init; } =
        ImmutableSortedDictionary.Create<string, ImmutableArray<int>>(StringComparer.Ordinal);

    /// <summary>
    /// What leading dimensions of inputs become that would be 1, whether the model leaves them open or not; null for 1. The graph need not
    /// be able to.
    /// </summary>
    public int? Rows { get; init; }

    /// <summary>Inputs that are fixed to a value, by name; they cease to be inputs.</summary>
    public ImmutableSortedDictionary<string, Tensor> Constants { get; init; } =
        ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal);

    /// <summary>Inputs that stay inputs although the model gives them an initial value: those of a state.</summary>
    public ImmutableSortedSet<string> StateInputs { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>The options with the shape of one more input.</summary>
    public ImportOptions WithShape(string input, params ReadOnlySpan<int> dimensions) =>
        this with { Shapes = Shapes.SetItem(input, [.. dimensions]) };

    /// <summary>The options with a sequence that is empty, or an optional value that is absent.</summary>
    public ImportOptions WithNothing(string input) => this with { Shapes = Shapes.SetItem(input, default) };

    /// <summary>The options with one more input fixed to a value.</summary>
    public ImportOptions WithConstant(string input, Tensor value) => this with { Constants = Constants.SetItem(input, value) };
}
