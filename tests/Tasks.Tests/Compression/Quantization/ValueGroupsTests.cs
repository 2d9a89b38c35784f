namespace OptimizerBuild.Compression.Quantization;

/// <summary>The disjoint sets of values that share a quantisation.</summary>
public class ValueGroupsTests
{
    [Fact]
    public void JoinedValuesShareAGroup()
    {
        var groups = new ValueGroups();
        groups.Join("c", "d");
        groups.Join("b", "a");
        groups.Join("d", "b");
        groups.Find("e");
        Assert.Equal("a", groups.Find("c"));
        Assert.Equal(["a", "b", "c", "d"], groups.All()["a"].ToArray());
        Assert.Equal(["e"], groups.All()["e"].ToArray());
    }

    [Fact]
    public void GroupsDoNotDependOnTheOrderOfJoining()
    {
        (string, string)[] pairs = [("a", "b"), ("c", "d"), ("e", "f"), ("b", "f"), ("g", "h"), ("d", "g")];
        string expected = Describe(pairs);
        var random = new Random(5);
        for (int i = 0; i < 20; i++)
        {
            random.Shuffle(pairs);
            Assert.Equal(expected, Describe(pairs));
        }

        static string Describe((string, string)[] pairs)
        {
            var groups = new ValueGroups();
            foreach ((string a, string b) in pairs)
                groups.Join(a, b);
            return string.Join(';', groups.All().Select(g => g.Key + ":" + string.Join(',', g.Value)));
        }
    }
}
