using System.Globalization;
using System.Text;

namespace OptimizerBuild.Plan;

/// <summary>
/// Writes a plan as text. One thing a line, lines end with <c>\n</c>, equal plans give equal text. Floats are their IEEE bits; their
/// decimal values follow in a comment for human readers. <see cref="PlanReader"/> reads it back; <c>docs/plan.md</c> describes it.
/// </summary>
internal sealed class PlanWriter
{
    private readonly StringBuilder _text = new();

    private PlanWriter()
    {
    }

    /// <summary>The text of a plan.</summary>
    public static string Write(ModelPlan plan)
    {
        var writer = new PlanWriter();
        writer.WritePlan(plan);
        return writer._text.ToString();
    }

    private void WritePlan(ModelPlan plan)
    {
        Line($"{PlanReader.Magic} {Number(ModelPlan.Version)}");
        Line($"model name={Quote(plan.Model)} class={Quote(plan.ClassName)} namespace={Quote(plan.Namespace)}"
            + $" access={(plan.IsPublic ? "public" : "internal")} content={(plan.IsSignatureOnly ? "signature" : "complete")}");
        WriteFacts(plan.Facts);
        Line($"weights resource={Quote(plan.Weights.ResourceName)} bytes={Number(plan.Weights.Bytes)}"
            + $" checksum=x:{plan.Weights.Checksum.ToString("X16", CultureInfo.InvariantCulture)}");
        if (plan.Weights.ExpandedBytes is { } expanded)
            Line($"expanded bytes={Number(expanded)}");
        foreach (PlanCall call in plan.Weights.Expansion)
            WriteCall("expand", call);
        foreach (PlanLayerWeights layer in plan.Weights.Layers)
        {
            Line($"layer node={Quote(layer.Node)} storage={Quote(layer.Storage)} offset={Number(layer.Offset)}"
                + $" bytes={Number(layer.Bytes)}");
        }
        WriteMemory(plan.Main);
        if (plan.Strings.Count > 0)
            Line(PlanReader.StringsKeyword + (plan.KeepsStrings ? PlanReader.OpenKeyword : "")
                + string.Concat(plan.Strings.Select(s => " " + Quote(s))));
        if (plan.EntryName.Length > 0)
            Line($"main name={Quote(plan.EntryName)}");
        WriteInterface(plan.Main);
        if (plan.Classifier is { } classifier)
            WriteClassifier(classifier);
        if (plan.Image is { } image)
        {
            Line($"image height={Number(image.Height)} width={Number(image.Width)} channels={Number(image.Channels)}"
                + $" order={(image.IsBgr ? "bgr" : "rgb")} resized=[{Number(image.ResizedHeight)}, {Number(image.ResizedWidth)}]"
                + $" shorterSide={Number(image.ShorterSide)} filter={image.Filter}");
        }
        WriteContent(plan.Main);
        foreach (PlanEntry entry in plan.Further)
        {
            Line($"entry name={Quote(entry.Name)} macs={Number(entry.Macs)}");
            WriteMemory(entry);
            WriteInterface(entry);
            WriteContent(entry);
        }
        if (plan.Batch is { } batch)
        {
            Line($"batch macs={Number(batch.Macs)}");
            WriteMemory(batch);
            WriteInterface(batch);
            WriteContent(batch);
        }
        Line("end");
    }

    private void WriteMemory(PlanEntry entry)
    {
        Line($"arena bytes={Number(entry.ArenaBytes)}");
        Line($"execution threads={(entry.UsesThreads ? "many" : "one")} start={(entry.HasStartUp ? "small" : "fast")}");
    }

    private void WriteInterface(PlanEntry entry)
    {
        foreach (PlanState state in entry.States)
            WriteState(state);
        foreach (PlanInput input in entry.Inputs)
            WriteInput(input);
        foreach (PlanOutput output in entry.Outputs)
        {
            Line($"output name={Quote(output.OnnxName)} property={Quote(output.PropertyName)} parameter={Quote(output.ParameterName)}"
                + $" type={output.Type} dimensions={Integers(output.Dimensions)} offset={Number(output.Offset)}");
        }
    }

    private void WriteContent(PlanEntry entry)
    {
        foreach (PlanBuffer buffer in entry.Buffers)
        {
            Line($"buffer name={Quote(buffer.Name)} offset={Number(buffer.Offset)} bytes={Number(buffer.Bytes)}"
                + $" first={Number(buffer.FirstStep)} last={Number(buffer.LastStep)} shares={Quote(buffer.SharesWith)}");
        }
        foreach (PlanValue value in entry.Values)
        {
            Line($"value name={Quote(value.Name)} type={value.Type} dimensions={Integers(value.Dimensions)} offset={Number(value.Offset)}"
                + $" strides={Integers(value.Strides)} scale={(value.ScaleBits is { } bits ? Bits(bits) : "none")}"
                + $" zeroPoint={Number(value.ZeroPoint)}");
        }
        WriteSteps(entry.Steps);
    }

    private void WriteFacts(PlanFacts facts)
    {
        Line($"source file={Quote(facts.SourceFile)} sha256={Quote(facts.SourceHash)} precision={Quote(facts.Precision)}"
            + $" macs={Number(facts.Macs)} floatWeightBytes={Number(facts.FloatWeightBytes)}");
        string comment = "";
        if (facts.FloatMetric is { } original && PlanText.Decimal(original) is { } originalText)
            comment += " float " + originalText;
        if (facts.CompressedMetric is { } compressed && PlanText.Decimal(compressed) is { } compressedText)
            comment += " compressed " + compressedText;
        Line($"accuracy metric={Quote(facts.Metric)} float={Real(facts.FloatMetric)} compressed={Real(facts.CompressedMetric)}"
            + $" samples={Number(facts.Samples)}{(comment.Length == 0 ? "" : " #" + comment)}");
    }

    private void WriteState(PlanState state)
    {
        Line($"state name={Quote(state.OnnxName)} output={Quote(state.OutputName)} property={Quote(state.PropertyName)} type={state.Type}"
            + $" dimensions={Integers(state.Dimensions)} offset={Number(state.Offset)} initial={Optional(state.Initial)}");
        if (state.Binding is { } binding)
            WriteCall("bind", binding);
    }

    private void WriteInput(PlanInput input)
    {
        Line($"input name={Quote(input.OnnxName)} parameter={Quote(input.ParameterName)} type={input.Type}"
            + $" dimensions={Integers(input.Dimensions)}");
        if (input.Binding is { } binding)
            WriteCall("bind", binding);
    }

    private void WriteClassifier(PlanClassifier classifier)
    {
        Line($"classifier output={Number(classifier.Output)} classes={Number(classifier.Classes)}"
            + $" scores={(classifier.ScoresAreProbabilities ? "probabilities" : "logits")}");
        for (int i = 0; i < classifier.Labels.Count; i++)
            Line($"label identifier={Quote(classifier.LabelIdentifiers[i])} text={Quote(classifier.Labels[i])}");
    }

    private void WriteSteps(EquatableList<PlanStep> steps)
    {
        foreach (PlanStep step in steps)
        {
            switch (step)
            {
                case PlanCall call:
                    WriteCall("step", call);
                    break;
                case PlanIf branch:
                    Line($"if condition={Number(branch.Condition)}{Origin(branch)}");
                    WriteSteps(branch.Then);
                    Line("else");
                    WriteSteps(branch.Else);
                    Line("end if");
                    break;
                case PlanLoop loop:
                    Line($"loop bound={Optional(loop.Bound)} count={Optional(loop.Count)} condition={Optional(loop.Condition)}"
                        + $" iteration={Optional(loop.Iteration)}{Origin(loop)}");
                    WriteSteps(loop.Body);
                    Line("end loop");
                    break;
                default:
                    throw new InvalidOperationException("a step of an unknown kind: " + step.GetType().Name);
            }
        }
    }

    private static string Origin(PlanStep step) => $" node={Quote(step.Node)} description={Quote(step.Description)}";

    private static string Optional(long? value) => value is { } number ? Number(number) : "none";

    private void WriteCall(string keyword, PlanCall step)
    {
        _text.Append(keyword).Append(' ').Append(step.Kernel).Append('.').Append(step.Method).Append('(');
        var comment = new StringBuilder();
        for (int i = 0; i < step.Arguments.Count; i++)
        {
            PlanArgument argument = step.Arguments[i];
            _text.Append(i == 0 ? "" : ", ").Append(argument.Name).Append('=');
            switch (argument)
            {
                case PlanArgument.Integer integer:
                    _text.Append(Number(integer.Value));
                    if (integer.Buffer.Length > 0)
                        _text.Append('@').Append(Quote(integer.Buffer));
                    break;
                case PlanArgument.Integers integers:
                    _text.Append(Integers(integers.Values));
                    break;
                case PlanArgument.Strings:
                    _text.Append(PlanReader.StringsKeyword);
                    break;
                case PlanArgument.Real real:
                    _text.Append(Bits(real.Bits));
                    if (PlanText.Decimal(PlanText.FloatOf(real.Bits)) is { } value)
                        comment.Append(' ').Append(real.Name).Append(' ').Append(value);
                    break;
                default:
                    throw new InvalidOperationException("an argument of an unknown kind: " + argument.GetType().Name);
            }
        }
        _text.Append(") node=").Append(Quote(step.Node)).Append(" macs=").Append(Number(step.Macs));
        _text.Append(" description=").Append(Quote(step.Description));
        if (comment.Length > 0)
            _text.Append(" #").Append(comment.ToString());
        _text.Append('\n');
    }

    private static string Bits(int real) => "f:" + real.ToString("X8", CultureInfo.InvariantCulture);

    private static string Quote(string value) => PlanText.Quote(value);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Integers(EquatableList<int> values) => "[" + string.Join(", ", values.Select(v => Number(v))) + "]";

    private static string Real(double? value) =>
        value is null ? "none" : "d:" + BitConverter.DoubleToInt64Bits(value.Value).ToString("X16", CultureInfo.InvariantCulture);

    private void Line(string line) => _text.Append(line).Append('\n');
}
