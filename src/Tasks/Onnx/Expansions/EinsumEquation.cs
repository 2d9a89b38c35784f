using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>The equation of an Einsum, with a label of its own for each dimension that its ellipses stand for.</summary>
/// <param name="Operands">The labels of each operand's dimensions.</param>
/// <param name="Output">The labels of the output's dimensions.</param>
internal sealed record EinsumEquation(string[] Operands, string Output)
{
    private const string Ellipsis = "...";

    // Labels for dimensions without a name: no letter of an equation.
    private const char FirstNameless = '\uE000';

    /// <summary>Reads a node's equation.</summary>
    public static EinsumEquation Of(ExpansionContext context)
    {
        string text = context.Node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        string[] sides = text.Split("->");
        string[] operands = sides[0].Split(',');
        if (sides.Length > 2 || operands.Length != context.Node.Inputs.Length)
            throw context.Invalid($"its equation is '{text}' for {context.Node.Inputs.Length} operands");
        int nameless = 0;
        string[] labels = [.. operands.Select((operand, i) => Labels(operand, context.Type(i)))];
        string all = string.Concat(Enumerable.Range(0, nameless).Select(i => (char)(FirstNameless + nameless - 1 - i)));
        string output = sides.Length == 2
            ? sides[1].Replace(Ellipsis, all, StringComparison.Ordinal)
            // Without an output it has the dimensions without name and then, in order, every label that stands once.
            : all + string.Concat(string.Concat(labels).Where(char.IsLetter).GroupBy(l => l).Where(g => g.Count() == 1).Select(g => g.Key)
                .Order());
        if (output.Any(l => !labels.Any(o => o.Contains(l))) || output.Distinct().Count() != output.Length)
            throw context.Invalid($"the output of its equation '{text}' names what no operand has, or one index twice");
        return new(labels, output);

        string Labels(string operand, TensorType type)
        {
            int named = operand.Count(char.IsLetter);
            bool open = operand.Contains(Ellipsis, StringComparison.Ordinal);
            int missing = type.Rank - named;
            if (missing < 0 || (missing > 0 && !open) || operand.Replace(Ellipsis, "", StringComparison.Ordinal).Length != named)
                throw context.Invalid($"'{operand}' of its equation does not fit {type}");
            nameless = Math.Max(nameless, missing);
            // The last dimensions of all ellipses are the same; numbered from the end, whatever the other operands have.
            string own = string.Concat(Enumerable.Range(0, missing).Select(i => (char)(FirstNameless + missing - 1 - i)));
            return operand.Replace(Ellipsis, own, StringComparison.Ordinal);
        }
    }
}
