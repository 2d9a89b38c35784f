using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

public sealed class MemoryPlannerTests
{
    [Fact]
    public void BuffersInUseAtTheSameTimeNeverOverlap() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Check).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

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

    private static void Check(int seed)
    {
        var random = new Random(seed);
        ArenaBuffer[] buffers = [.. Enumerable.Range(0, random.Next(1, 25)).Select(i =>
            new ArenaBuffer(i, "b" + i, random.Next(1, 4) == 1 ? random.Next(1, 20) : random.Next(1, 5000)))];
        foreach (ArenaBuffer buffer in buffers)
        {
            buffer.IsInput = random.Next(6) == 0;
            buffer.IsOutput = random.Next(6) == 0;
        }
        var steps = new List<LoweredStep>();
        for (int i = 0; i < random.Next(1, 30); i++)
        {
            var step = new LoweredStep("K", "M", "n", "", 0);
            Storage input = Dense(buffers[random.Next(buffers.Length)]);
            Storage output = Dense(buffers[random.Next(buffers.Length)]);
            step.Read("x", input);
            if (random.Next(2) == 0)
                step.Read("y", Dense(buffers[random.Next(buffers.Length)]));
            step.Write("z", output);
            if (random.Next(2) == 0)
                step.MayReuse(output, input);
            steps.Add(step);
        }

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
                            $"seed {seed}, step {s}: {alive[i].Buffer.Name} and {alive[j].Buffer.Name}");
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
}
