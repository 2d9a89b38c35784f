using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Lowering;

/// <summary>Places of buffers in the arena.</summary>
public sealed class MemoryPlannerTests
{
    private static readonly Arbitrary<StepSequence> Programs = Arb.From(
        from buffers in (
            from bytes in Gen.Frequency((1, Gen.Choose(1, 19)), (2, Gen.Choose(1, 4999)))
            from input in Gen.Choose(0, 5)
            from output in Gen.Choose(0, 5)
            select new BufferUse(bytes, input == 0, output == 0)).ListOf()
        from first in Gen.Choose(1, 4999)
        from steps in (
            from input in Gen.Choose(0, 24)
            from second in Gen.Choose(-24, 24)
            from output in Gen.Choose(0, 24)
            from reuse in Gen.Choose(0, 1)
            select new StepUse(input, Math.Max(second, -1), output, reuse == 1)).ListOf()
        select new StepSequence([new(first, false, false), .. buffers.Take(24)], [.. steps.Take(30)]), StepSequence.Shrink);

    [Fact]
    public void BuffersInUseAtTheSameTimeNeverOverlap() =>
        PropertyCheck.Holds(Programs, Check, 500);

    [Fact]
    public void BuffersThatNeverMeetShareOnePlace()
    {
        ArenaBuffer[] buffers = [.. Enumerable.Range(0, 4).Select(i => new ArenaBuffer(i, "b" + i, 1000))];
        buffers[0].IsInput = true;
        buffers[3].IsOutput = true;
        LoweredStep[] steps = [Step(0, 1), Step(1, 2), Step(2, 3)];
        MemoryPlan plan = MemoryPlanner.Plan(buffers, steps);

        // Two at a time are alive, each 1,024 bytes after alignment.
        Assert.Equal(2048, plan.ArenaBytes);
        Assert.Equal(2048, LargestLiveSet.Of(Placed(plan)));

        LoweredStep Step(int from, int to) =>
            new LoweredStep("K", "M", "n", "", 0).Read("from", Dense(buffers[from])).Write("to", Dense(buffers[to]));
    }

    [Fact]
    public void ElementwiseOutputTakesItsInputsPlaceOnlyWhereNobodyReadsThatLater()
    {
        foreach (bool readLater in (bool[])[false, true])
        {
            ArenaBuffer[] buffers = [.. Enumerable.Range(0, 3).Select(i => new ArenaBuffer(i, "b" + i, 64))];
            buffers[0].IsInput = true;
            buffers[2].IsOutput = true;
            var first = new LoweredStep("K", "M", "n", "", 0).Read("x", Dense(buffers[0])).Write("y",
                Dense(buffers[1])).MayReuse(Dense(buffers[1]), Dense(buffers[0]));
            var second = new LoweredStep("K", "M", "n", "", 0).Read("x", Dense(buffers[readLater ? 0 : 1])).Read("y",
                Dense(buffers[1])).Write("z", Dense(buffers[2]));
            MemoryPlan plan = MemoryPlanner.Plan(buffers, [first, second]);
            Assert.Equal(readLater ? "" : "b0", plan.Buffers[1].SharesWith);
            Assert.Equal(readLater, plan.Buffers[0].Offset != plan.Buffers[1].Offset);
            Assert.Equal(readLater ? 192 : 128, LargestLiveSet.Of(Placed(plan)));
        }
    }

    [Fact]
    public void ArenaBeyondTwoGigabytesIsACodedError()
    {
        ArenaBuffer[] buffers = [new(0, "a", 1_500_000_000), new(1, "b", 1_500_000_000)];
        var step = new LoweredStep("K", "M", "n", "", 0).Read("a", Dense(buffers[0])).Write("b", Dense(buffers[1]));
        ModelException error = Assert.Throws<ModelException>(() => MemoryPlanner.Plan(buffers, [step]));
        Assert.Equal("OPT0030", error.Diagnostic.Descriptor.Code);
    }

    private static void Check(StepSequence program)
    {
        ArenaBuffer[] buffers = [.. program.Buffers.Select((b, i) =>
            new ArenaBuffer(i, "b" + i, b.Bytes) { IsInput = b.IsInput, IsOutput = b.IsOutput })];
        List<LoweredStep> steps = [.. program.Steps.Select(s =>
        {
            var step = new LoweredStep("K", "M", "n", "", 0);
            Storage input = Dense(Buffer(s.Input)), output = Dense(Buffer(s.Output));
            step.Read("x", input);
            if (s.Second >= 0)
                step.Read("y", Dense(Buffer(s.Second)));
            step.Write("z", output);
            return s.MayReuse ? step.MayReuse(output, input) : step;
        })];

        ArenaBuffer Buffer(int number) => buffers[number % buffers.Length];

        MemoryPlan plan = MemoryPlanner.Plan(buffers, steps);
        EquatableList<PlanBuffer> placed = Placed(plan);
        Assert.Empty(PlanVerifier.Overlaps(placed));
        Assert.InRange(LargestLiveSet.Of(placed), 0, plan.ArenaBytes);
        foreach (PlacedBuffer buffer in plan.Buffers)
        {
            Assert.Equal(0, buffer.Offset % MemoryPlanner.Alignment);
            Assert.InRange((long)buffer.Offset + buffer.Buffer.Bytes, 1, plan.ArenaBytes);
        }

        // At each step, by plain enumeration of bytes: whatever is in use is disjoint, except for one buffer that takes over from another.
        for (int s = -1; s <= steps.Count; s++)
        {
            PlacedBuffer[] alive = [.. plan.Buffers.Where(b => b.First <= s && s <= b.Last).OrderBy(b => b.Offset)];
            for (int i = 0; i < alive.Length; i++)
                for (int j = i + 1; j < alive.Length; j++)
                    if (alive[j].Offset < alive[i].Offset + alive[i].Buffer.Bytes)
                        Assert.True(alive[i].Last == s && alive[j].First == s || alive[j].Last == s && alive[i].First == s,
                            $"step {s}: {alive[i].Buffer.Name} and {alive[j].Buffer.Name}");
        }
    }

    private static EquatableList<PlanBuffer> Placed(MemoryPlan plan) =>
        new(plan.Buffers.Select(b => new PlanBuffer(b.Buffer.Name, b.Offset, b.Buffer.Bytes, b.First, b.Last, b.SharesWith)));

    private static Storage Dense(ArenaBuffer buffer) => new()
    {
        Buffer = buffer,
        Origin = 0,
        Element = ElementType.UInt8,
        Dimensions = [buffer.Bytes],
        Strides = [1],
    };

    /// <summary>A buffer.</summary>
    private sealed record BufferUse(int Bytes, bool IsInput, bool IsOutput)
    {
        public IEnumerable<BufferUse> Shrink() =>
        [
            .. IsInput ? [this with { IsInput = false }] : (BufferUse[])[],
            .. IsOutput ? [this with { IsOutput = false }] : (BufferUse[])[],
            .. Shrinking.Number(Bytes, 1).Select(b => this with { Bytes = b }),
        ];
    }

    /// <summary>A step, with its buffers' numbers; there is no second input where that is negative.</summary>
    private sealed record StepUse(int Input, int Second, int Output, bool MayReuse)
    {
        public IEnumerable<StepUse> Shrink() =>
        [
            .. MayReuse ? [this with { MayReuse = false }] : (StepUse[])[],
            .. Shrinking.Number(Second, -1).Select(s => this with { Second = s }),
            .. Shrinking.Number(Input).Select(i => this with { Input = i }),
            .. Shrinking.Number(Output).Select(o => this with { Output = o }),
        ];
    }

    /// <summary>Buffers and the steps that use them.</summary>
    private sealed record StepSequence(ImmutableArray<BufferUse> Buffers, ImmutableArray<StepUse> Steps)
    {
        public static IEnumerable<StepSequence> Shrink(StepSequence large) =>
        [
            .. Shrinking.List(large.Steps, 0, s => s.Shrink()).Select(s => large with { Steps = s }),
            .. Shrinking.List(large.Buffers, 1, b => b.Shrink()).Select(b => large with { Buffers = b }),
        ];

        public override string ToString() => $"buffers {PropertyCheck.Describe(Buffers)}, steps {PropertyCheck.Describe(Steps)}";
    }
}
