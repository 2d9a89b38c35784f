using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Text;

/// <summary>
/// Strings taken apart into at most so many parts, of which the last one is the rest of the string (internal operator; the standard's
/// StringSplit is written with it). Inputs: strings of any shape. Outputs: the parts along a new last axis, with empty strings behind them,
/// and how many there are.
/// </summary>
[Operator(Type, Domain = Node.InternalDomain)]
[Input(0, "X", Elements.String)]
[Output(0, "Y")]
[Output(1, "Z")]
[Parameter("delimiter", ParameterKind.String)]
[Parameter("parts", ParameterKind.Int, Required = true, Minimum = 0)]
[NotDifferentiable("works on text")]
internal sealed class StringPartsOperator : Operator
{
    /// <summary>The operator's name.</summary>
    public const string Type = "StringParts";

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Reads;

    /// <summary>What stands between parts; empty for stretches of white space.</summary>
    public static string Delimiter(Node node) => node.Text("delimiter", "");

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long parts = context.Node.Int("parts", 0);
        if (parts is < 0 or > 1 << 20 || x.Count * parts > 1 << 25)
            throw context.Invalid($"{x.Count} strings of {parts} parts are more than any model needs");
        return [TensorType.Of(ElementType.String, [.. x.Dimensions, (int)parts]), x.As(ElementType.Int64)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        int parts = context.OutputTypes[0].Dimensions[^1];
        return Take(inputs[0]!, Delimiter(context.Node), parts, parts);
    }

    /// <summary>The parts of strings and their numbers.</summary>
    /// <param name="texts">The strings.</param>
    /// <param name="delimiter">What stands between parts; empty for stretches of white space.</param>
    /// <param name="most">The most parts of a string, of which the last one may be its rest.</param>
    /// <param name="extent">How many places there are for parts.</param>
    public static Tensor[] Take(Tensor texts, string delimiter, int most, int extent)
    {
        Tensor result = Tensor.Zeros(TensorType.Of(ElementType.String, [.. texts.Dimensions, extent]));
        Tensor lengths = Tensor.Zeros(texts.Type.As(ElementType.Int64));
        string[] to = result.Values<string>();
        Array.Fill(to, "");
        for (int i = 0; i < texts.Count; i++)
        {
            string[] found = Split(texts.Values<string>()[i], delimiter, most);
            found.CopyTo(to, i * extent);
            lengths.Values<long>()[i] = found.Length;
        }
        return [result, lengths];
    }

    /// <summary>A string's parts.</summary>
    /// <param name="text">The string.</param>
    /// <param name="delimiter">What stands between parts; empty for stretches of white space, which no part begins with.</param>
    /// <param name="most">The most parts; the last one may be the rest of the string.</param>
    public static string[] Split(string text, string delimiter, int most)
    {
        if (delimiter.Length > 0 || most == 0)
            return text.Split(delimiter, most);
        var parts = new List<string>();
        for (string rest = text.TrimStart(); rest.Length > 0;)
        {
            int end = rest.ToList().FindIndex(char.IsWhiteSpace);
            if (end < 0 || parts.Count + 1 == most)
                return [.. parts, rest];
            parts.Add(rest[..end]);
            rest = rest[end..].TrimStart();
        }
        return [.. parts];
    }
}
