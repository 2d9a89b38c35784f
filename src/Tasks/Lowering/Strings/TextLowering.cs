using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Text;

namespace OptimizerBuild.Lowering.Strings;

/// <summary>Letters in another case.</summary>
[Lowers(LoweringForm.Native, typeof(StringCaseOperator))]
internal sealed class StringCaseLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        context.Step(nameof(StringFunctions), nameof(StringFunctions.ChangeCase), node, $"{output.Count} strings")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count)
            .Int("upper", StringCaseOperator.IsUpper(node) ? 1 : 0);
    }
}

/// <summary>Strings behind strings.</summary>
[Lowers(LoweringForm.Native, typeof(StringConcatOperator))]
internal sealed class StringConcatLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage a = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage b = context.Dense(node, context.Read(node, node.Inputs[1]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        BoxShape box = BoxShape.Of(output.Dimensions.AsSpan(), output.Strides,
            a.BroadcastStrides(output.Dimensions.AsSpan()), b.BroadcastStrides(output.Dimensions.AsSpan()));
        context.Step(nameof(StringFunctions), nameof(StringFunctions.Concat), node, $"{output.Count} strings")
            .Operand("a", a)
            .Operand("b", b)
            .Write("output", output)
            .Ints("dims", box.Dimensions)
            .Ints("aStrides", NativeSteps.Elements(box.Strides[1], output.ElementSize))
            .Ints("bStrides", NativeSteps.Elements(box.Strides[2], output.ElementSize));
    }
}

/// <summary>Numbers as text.</summary>
[Lowers(LoweringForm.Native, typeof(NumberTextOperator))]
internal sealed class NumberTextLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        context.Step(nameof(StringNumbers), nameof(StringNumbers.Format), node, $"{output.Count} numbers")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count)
            .Int("from", (int)input.Element);
    }
}

/// <summary>Text as numbers.</summary>
[Lowers(LoweringForm.Native, typeof(TextNumberOperator))]
internal sealed class TextNumberLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        context.Step(nameof(StringNumbers), nameof(StringNumbers.Parse), node, $"{output.Count} texts")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count)
            .Int("to", (int)output.Element);
    }
}

/// <summary>Strings in parts.</summary>
[Lowers(LoweringForm.Native, typeof(StringPartsOperator))]
internal sealed class StringPartsLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]), lengths = context.Create(node.Outputs[1]);
        if (input.Count == 0)
            return;
        int parts = output.Dimensions[^1];
        string delimiter = StringPartsOperator.Delimiter(node);
        context.Step(nameof(StringSplit), nameof(StringSplit.Run), node, $"{input.Count} strings of at most {parts} parts")
            .Operand("input", input)
            .Write("output", output)
            .Write("lengths", lengths)
            .Int("count", input.Count)
            .Int("parts", parts)
            .Int("delimiter", context.AddTensor(Characters(delimiter)))
            .Int("delimiterLength", delimiter.Length);
    }

    /// <summary>A string's characters among the weights; at least one, so that they have a place.</summary>
    public static Tensor Characters(string text)
    {
        ushort[] units = [.. text.Select(c => (ushort)c).DefaultIfEmpty()];
        return Tensor.Of(units, units.Length);
    }
}

/// <summary>Strings compared with a regular expression.</summary>
[Lowers(LoweringForm.Native, typeof(RegexFullMatchOperator))]
internal sealed class RegexFullMatchLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        Re2Pattern pattern = RegexFullMatchOperator.Expression(OperatorContext.Of(context.Graph, node));
        context.Step(nameof(StringMatch), nameof(StringMatch.Full), node, $"{output.Count} strings")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count)
            .Int("pattern", context.AddTensor(StringPartsLowering.Characters(pattern.Expression)))
            .Int("patternLength", pattern.Expression.Length)
            .Int("backtracks", pattern.LooksAround ? 1 : 0);
    }
}
