using System.Collections.Immutable;
using System.Text.RegularExpressions;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Text;

/// <summary>Whether a regular expression in the syntax of RE2 describes a string as a whole (ONNX operator RegexFullMatch).</summary>
[Operator("RegexFullMatch")]
[Input(0, "X", Elements.String)]
[Output(0, "Y")]
[Parameter("pattern", ParameterKind.String, Required = true)]
[NotDifferentiable("works on text")]
internal sealed class RegexFullMatchOperator : Operator, IKeepsExtent
{
    private const int LongestPattern = 1 << 14;

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Reads;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        _ = Expression(context);
        return [context.Type(0).As(ElementType.Bool)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Regex regex = context.Prepared(() => Expression(context).Compile());
        return [new(context.OutputTypes[0], Array.ConvertAll(inputs[0]!.Values<string>(), regex.IsMatch))];
    }

    /// <summary>The expression in .NET's syntax.</summary>
    /// <exception cref="Diagnostics.ModelException">It is wrong, or uses what .NET does not have.</exception>
    public static Re2Pattern Expression(OperatorContext context)
    {
        string pattern = context.Node.Text("pattern", "");
        if (pattern.Length > LongestPattern)
            throw context.Invalid($"its pattern has {pattern.Length} characters, more than {LongestPattern}");
        try
        {
            var translated = Re2Pattern.Translate(pattern);
            _ = translated.Compile();
            return translated;
        }
        catch (FormatException e)
        {
            throw context.Unsupported($"a pattern without {e.Message}");
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw context.Invalid($"its pattern '{pattern}' is no regular expression: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];
}
