using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Structure;

/// <summary>
/// Scores with the labels of their classes (operator ZipMap of <c>ai.onnx.ml</c>): the tensor of scores, whose columns have names.
/// </summary>
[Operator("ZipMap", Domain = "ai.onnx.ml")]
[Input(0, "X", Elements.All)]
[Output(0, "Z")]
[Parameter("classlabels_int64s", ParameterKind.Ints)]
[Parameter("classlabels_strings", ParameterKind.Strings)]
internal sealed class ZipMapOperator : IStructural
{
    /// <inheritdoc/>
    public ImmutableArray<ModelValue> Resolve(StructureContext context)
    {
        string scores = context.Tensor(0);
        TensorType type = context.TypeOf(scores);
        string[]? texts = context.Node.Texts("classlabels_strings");
        long[]? numbers = context.Node.Ints("classlabels_int64s");
        string[] labels = texts is { Length: > 0 } ? texts
            : [.. (numbers ?? []).Select(n => n.ToString(CultureInfo.InvariantCulture))];
        if (type.Rank is not (1 or 2) || type.Dimensions[^1] != labels.Length)
            throw context.Invalid($"it has {labels.Length} labels for scores of type {type}");
        return [new ModelValue.Map(scores, [.. labels])];
    }
}
