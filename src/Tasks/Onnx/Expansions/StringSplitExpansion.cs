using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Text;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// StringSplit: strings taken apart, and how many parts each has. The parts have the extent that constant strings or <c>maxsplit</c> ask
/// for; of strings that callers pass, a length says how many of them count.
/// </summary>
[RewrittenOperator("StringSplit")]
[Input(0, "X", Elements.String)]
[Output(0, "Y")]
[Output(1, "Z")]
[Parameter("delimiter", ParameterKind.String)]
[Parameter("maxsplit", ParameterKind.Int)]
internal sealed class StringSplitExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string delimiter = context.Node.Text("delimiter", "");
        long splits = context.Node.Int("maxsplit", -1);
        int rank = context.Type(0).Rank, count = context.Type(0).Count;
        long most = splits < 0 ? int.MaxValue : Math.Min(splits, int.MaxValue - 1) + 1;
        Tensor? known = count == 0 ? Tensor.Of(Array.Empty<string>(), [.. context.Type(0).Dimensions]) : context.Constant(context[0]);
        if (known is not null)
        {
            int extent = known.Values<string>().Select(t => StringPartsOperator.Split(t, delimiter, (int)most).Length)
                .DefaultIfEmpty().Max();
            context.Elements(count, extent);
            Tensor[] parts = StringPartsOperator.Take(known, delimiter, (int)most, extent);
            context.Return(0, context.Add(parts[0]));
            context.Return(1, context.Add(parts[1]));
            return;
        }
        if (splits < 0)
            throw new ModelException(DiagnosticCatalog.UnknownText, context.Node.Name, context[0]);
        string[] values = context.Add((ExpansionContext.New(StringPartsOperator.Type, context[0]) with { Domain = Node.InternalDomain })
            .With("parts", most).With("delimiter", new AttributeValue.Text(delimiter)), 2);
        context.Return(0, values[0], context.Reduce("ReduceMax", context.Reshape(values[1], (long)count), [0L], keep: false), rank);
        context.Return(1, values[1]);
    }
}
