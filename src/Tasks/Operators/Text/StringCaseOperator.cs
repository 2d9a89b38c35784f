using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Text;

/// <summary>
/// Letters in small or capital form, by the rules of no language, as Unicode's simple mapping has them (internal operator; the standard's
/// StringNormalizer is written with it).
/// </summary>
[Operator(Type, Domain = Node.InternalDomain)]
[Input(0, "X", Elements.String)]
[Output(0, "Y")]
[Parameter("upper", ParameterKind.Int, Required = true)]
[NotDifferentiable("works on text")]
internal sealed class StringCaseOperator : Operator, IKeepsExtent
{
    /// <summary>The operator's name.</summary>
    public const string Type = "StringCase";

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Reads;

    /// <summary>Whether letters become capitals.</summary>
    public static bool IsUpper(Node node) => node.Int("upper", 0) != 0;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [context.Type(0)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) =>
        [new(inputs[0]!.Type, Array.ConvertAll(inputs[0]!.Values<string>(), t => Change(t, IsUpper(context.Node))))];

    /// <summary>A string with its letters in another form.</summary>
    public static string Change(string text, bool upper) => upper ? text.ToUpperInvariant() : text.ToLowerInvariant();

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];
}
